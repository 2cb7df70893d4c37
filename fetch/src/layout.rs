//! How a module lies in an OCI image: the two layouts of the Wasm image specification that Istio reads.
//!
//! - *oci*: a layer that is the module itself, and a layer with a small configuration for the runtime.
//! - *compat*: an ordinary image, whose last layer is a compressed archive with `plugin.wasm` in it.

use crate::Sha256;
use crate::error::Problem;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::Component;

/// The module itself, in the oci layout.
pub(crate) const WASM_CONTENT: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
/// The runtime's configuration, in the oci layout.
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
/// An archive, in the compat layout.
pub(crate) const OCI_ARCHIVE: &str = IMAGE_LAYER_GZIP_MEDIA_TYPE;
/// The same as docker names it.
pub(crate) const DOCKER_ARCHIVE: &str = IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE;

/// The module's name in an archive.
const PLUGIN: &str = "plugin.wasm";

/// What an archive may have besides the module: headers, a small configuration.
const ARCHIVE_EXTRA: u64 = 1 << 20;

/// A layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A layer that is the module.
    Oci,
    /// A compressed archive with the module in it.
    Compat,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oci => "oci",
            Self::Compat => "compat",
        })
    }
}

/// Finds the layer that has the module.
///
/// As Istio: an archive that is the last layer, else the layer that is the module. Istio wants exactly two layers then, here it
/// is enough that there is one of its type.
pub(crate) fn find(manifest: &OciImageManifest) -> Result<(Layout, &OciDescriptor), Problem> {
    if let Some(last) = manifest.layers.last()
        && [OCI_ARCHIVE, DOCKER_ARCHIVE].contains(&last.media_type.as_str())
    {
        return Ok((Layout::Compat, last));
    }
    let mut modules = manifest.layers.iter().filter(|l| l.media_type == WASM_CONTENT);
    match (modules.next(), modules.next()) {
        (Some(layer), None) => Ok((Layout::Oci, layer)),
        (Some(_), Some(_)) => {
            Err(Problem::Layout { found: format!("it has several layers of type {WASM_CONTENT}") })
        }
        (None, _) => {
            let types: Vec<_> =
                manifest.layers.iter().take(8).map(|l| l.media_type.escape_debug().to_string()).collect();
            let found = match types.is_empty() {
                true => "it has no layer".to_owned(),
                false => format!("its layers are {}", types.join(", ")),
            };
            Err(Problem::Layout { found })
        }
    }
}

/// Takes the module out of a compat layer. As Istio: the first file named `plugin.wasm`, in whatever directory.
///
/// What stands before it in the archive has to be honest as well: names that leave the archive are refused. Nothing is written
/// to disk.
pub(crate) fn unpack(layer: &[u8], limit: u64) -> Result<Vec<u8>, Problem> {
    // One byte past the limit says that there is more.
    let end = limit.saturating_add(ARCHIVE_EXTRA);
    let mut counted = Counted { inner: MultiGzDecoder::new(layer).take(end + 1), read: 0 };
    let result = search(&mut tar::Archive::new(&mut counted), limit);
    if counted.read > end {
        return Err(Problem::TooLarge { part: "the unpacked layer", limit });
    }
    result
}

fn search(archive: &mut tar::Archive<impl Read>, limit: u64) -> Result<Vec<u8>, Problem> {
    let broken = |e: io::Error| Problem::Archive(format!("it is not a tar.gz archive: {e}"));
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let name = path.display().to_string().escape_debug().take(100).collect::<String>();
        if !path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
            return Err(Problem::Archive(format!("the name {name} in it leaves the archive")));
        }
        if path.file_name().is_none_or(|n| n != PLUGIN) {
            continue;
        }
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(Problem::Archive(format!("{name} in it is no regular file")));
        }
        let size = entry.size();
        let too_large = Problem::TooLarge { part: "the module in the layer", limit };
        if size > limit {
            return Err(too_large);
        }
        let mut bytes = Vec::new();
        entry.take(limit + 1).read_to_end(&mut bytes).map_err(broken)?;
        return match bytes.len() as u64 {
            actual if actual == size => Ok(bytes),
            _ => Err(Problem::Archive(format!("{name} in it is cut off"))),
        };
    }
    Err(Problem::Archive(format!("there is no {PLUGIN} in it")))
}

/// Counts what went through.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read += n as u64;
        Ok(n)
    }
}

/// An image to push. The same module gives the same image, byte for byte.
pub(crate) struct Image {
    /// What the manifest names, the module's layer last: digest and bytes.
    pub blobs: Vec<(String, Vec<u8>)>,
    /// JSON.
    pub manifest: Vec<u8>,
}

/// Makes an image of a module.
pub(crate) fn build(wasm: &[u8], layout: Layout) -> Result<Image, Problem> {
    match layout {
        Layout::Oci => oci(wasm),
        Layout::Compat => compat(wasm),
    }
}

fn oci(wasm: &[u8]) -> Result<Image, Problem> {
    let config = to_json(&json!({ "type": "envoy_proxy", "abiVersions": [], "config": {} }))?;
    let titled = |media_type, bytes: &[u8], title: &str| OciDescriptor {
        annotations: Some(BTreeMap::from([("org.opencontainers.image.title".to_owned(), title.to_owned())])),
        ..descriptor(media_type, bytes)
    };
    let layers =
        vec![titled(WASM_CONFIG, &config, "runtime-config.json"), titled(WASM_CONTENT, wasm, "filter.wasm")];
    let manifest = OciImageManifest {
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: descriptor(WASM_CONFIG, &config),
        layers,
        ..OciImageManifest::default()
    };
    image(&manifest, vec![config, wasm.to_vec()])
}

fn compat(wasm: &[u8]) -> Result<Image, Problem> {
    let packed = |e: io::Error| Problem::Push(format!("the module cannot be packed: {e}"));
    let mut archive = tar::Builder::new(Vec::with_capacity(wasm.len() + 4096));
    let mut header = tar::Header::new_gnu();
    header.set_size(wasm.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, PLUGIN, wasm).map_err(packed)?;
    let archive = archive.into_inner().map_err(packed)?;
    let diff_id = Sha256::of(&archive).digest();
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    io::copy(&mut archive.as_slice(), &mut encoder).map_err(packed)?;
    let layer = encoder.finish().map_err(packed)?;

    // What registries and tools take for a container image. The platform is the one that Istio asks an index for.
    let config = to_json(&json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [diff_id] },
    }))?;
    let manifest = OciImageManifest {
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        config: descriptor(IMAGE_CONFIG_MEDIA_TYPE, &config),
        layers: vec![descriptor(OCI_ARCHIVE, &layer)],
        annotations: Some(BTreeMap::from([("module.wasm.image/variant".to_owned(), "compat".to_owned())])),
        ..OciImageManifest::default()
    };
    image(&manifest, vec![config, layer])
}

fn image(manifest: &OciImageManifest, blobs: Vec<Vec<u8>>) -> Result<Image, Problem> {
    let blobs = blobs.into_iter().map(|bytes| (Sha256::of(&bytes).digest(), bytes)).collect();
    Ok(Image { blobs, manifest: to_json(manifest)? })
}

fn descriptor(media_type: &str, bytes: &[u8]) -> OciDescriptor {
    OciDescriptor {
        media_type: media_type.to_owned(),
        digest: Sha256::of(bytes).digest(),
        // A slice has at most isize::MAX bytes.
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|e| Problem::Push(format!("the manifest cannot be written: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// An archive with files of these names; names are written as they are.
    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_old();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        gzip(&builder.into_inner().unwrap())
    }

    #[test]
    fn the_module_is_found_in_any_directory() {
        for name in ["plugin.wasm", "./plugin.wasm", "a/b/plugin.wasm"] {
            let layer = archive(&[("readme", b"x"), (name, b"module")]);
            assert_eq!(unpack(&layer, 100).unwrap(), b"module", "{name}");
        }
    }

    #[test]
    fn tricks_are_refused() {
        let refused = |layer: &[u8], part: &str| {
            let error = unpack(layer, 1000).unwrap_err().to_string();
            assert!(error.contains(part), "{part}: {error}");
        };
        for name in ["../plugin.wasm", "a/../../plugin.wasm", "/plugin.wasm", "../other"] {
            refused(&archive(&[(name, b"module"), ("plugin.wasm", b"module")]), "leaves the archive");
        }
        refused(&archive(&[("other.wasm", b"module")]), "no plugin.wasm in it");
        refused(&archive(&[]), "no plugin.wasm in it");
        refused(b"no archive", "not a tar.gz archive");
        refused(&gzip(b"no archive either, but long enough to be one or to look like one"), "archive");
        refused(&archive(&[("plugin.wasm", &[7; 1001])]), "more than 1000 bytes");
        // A bomb: a megabyte of layer, a gigabyte of zeros.
        let zeros = vec![0; 16 << 20];
        refused(&gzip(&zeros), "");
        let mut huge = tar::Header::new_old();
        huge.as_old_mut().name[..1].copy_from_slice(b"x");
        huge.set_size(8 << 30);
        huge.set_cksum();
        refused(&gzip(&[huge.as_bytes().as_slice(), &zeros].concat()), "more than 1000 bytes");
        // A link is no module.
        let mut link = tar::Header::new_old();
        link.as_old_mut().name[..11].copy_from_slice(b"plugin.wasm");
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        link.set_cksum();
        refused(&gzip(link.as_bytes()), "no regular file");
    }

    #[test]
    fn images_are_the_same_each_time() {
        for layout in [Layout::Oci, Layout::Compat] {
            let (a, b) =
                (build(b"\0asm\x01\0\0\0", layout).unwrap(), build(b"\0asm\x01\0\0\0", layout).unwrap());
            assert!(a.manifest == b.manifest && a.blobs == b.blobs, "{layout}");
        }
    }
}
