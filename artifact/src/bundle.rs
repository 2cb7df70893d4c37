//! Bundles: a module with its code for several platforms inside. The format is drawn in `plugin_abi::bundle`.

use crate::container::{self, ContainerError, Section};
use plugin_abi::bundle::{
    BUNDLE_MAGIC, BUNDLE_VERSION, INDEX_SHA256_OFFSET, MAX_IMAGES, SECTION_PREFIX, SectionView, index_len,
};
use plugin_abi::{FLAG_INTERRUPTIBLE, FormatError, ImageView, MetaHeader};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Why a bundle cannot be read or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// No module at all.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// Two sections for one platform.
    #[error("the bundle has two sections for {0}: one of them is not ours")]
    Duplicate(String),
    /// A section is not what its name says.
    #[error("the section for {target} is damaged: {}", format_error(.error))]
    Section {
        /// Of this platform.
        target: String,
        /// What is wrong.
        error: FormatError,
    },
    /// The index's hash does not match.
    #[error("the section for {0} is damaged: its index has another hash than it should")]
    IndexHash(String),
    /// An image is not one.
    #[error("code {index} for {target} is damaged: {}", format_error(.error))]
    Image {
        /// Of this platform.
        target: String,
        /// Counted from 0.
        index: usize,
        /// What is wrong.
        error: FormatError,
    },
    /// An image's hash does not match.
    #[error("code {index} for {target} is damaged: it has another hash than it should")]
    ImageHash {
        /// Of this platform.
        target: String,
        /// Counted from 0.
        index: usize,
    },
    /// An image was made of another module or for another platform.
    #[error("code {index} for {target} was made of another module or for another platform")]
    Foreign {
        /// Of this platform.
        target: String,
        /// Counted from 0.
        index: usize,
    },
    /// Two images for the same CPU.
    #[error("two images for {target} need the same CPU features ({features}): give each level once")]
    SameLevel {
        /// Of this platform.
        target: String,
        /// As the image lists them.
        features: String,
    },
    /// More platforms than there are.
    #[error("the bundle has sections for more than {MOST_PLATFORMS} platforms")]
    Platforms,
    /// More images than a section holds.
    #[error("{0} images for one platform: a bundle holds {MAX_IMAGES} at most")]
    TooMany(usize),
}

/// Platforms of a bundle at most.
const MOST_PLATFORMS: usize = 64;

fn format_error(error: &FormatError) -> String {
    match error {
        FormatError::NotThis => "it does not begin as it should".to_owned(),
        FormatError::Version(format, abi) => {
            format!("it has version {format}.{abi}, which this nullvmc does not know")
        }
        FormatError::OutOfRange(field) => format!("{field} is out of range"),
    }
}

/// The code of one platform within a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Platform<'a> {
    /// Target triple.
    pub target: &'a str,
    /// The section.
    pub section: SectionView<'a>,
}

/// A module with sections of ours. Nothing of them has been verified but where things lie.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    wasm: &'a [u8],
    sections: Vec<Section<'a>>,
    /// The platforms, in the order of their sections.
    pub platforms: Vec<Platform<'a>>,
}

impl<'a> Bundle<'a> {
    /// Finds the sections of a module. One without any is a bundle without platforms.
    ///
    /// # Errors
    /// What is no module, a platform that comes twice, a section whose index makes no sense.
    pub fn parse(wasm: &'a [u8]) -> Result<Self, BundleError> {
        let sections = container::sections(wasm)?;
        let mut platforms: Vec<Platform<'a>> = Vec::new();
        for section in &sections {
            let Some(target) = section.target() else { continue };
            if platforms.len() == MOST_PLATFORMS {
                return Err(BundleError::Platforms);
            }
            if platforms.iter().any(|p| p.target == target) {
                return Err(BundleError::Duplicate(target.to_owned()));
            }
            let view = SectionView::parse(section.data)
                .map_err(|error| BundleError::Section { target: target.to_owned(), error })?;
            platforms.push(Platform { target, section: view });
        }
        Ok(Self { wasm, sections, platforms })
    }

    /// The code of a platform.
    pub fn platform(&self, target: &str) -> Option<&Platform<'a>> {
        self.platforms.iter().find(|p| p.target == target)
    }

    /// Whether the module carries a signature.
    pub fn is_signed(&self) -> bool {
        self.sections.first().is_some_and(Section::is_signature)
    }

    /// The sections of the module, ours among them.
    pub fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// The module that was compiled, byte for byte.
    pub fn module(&self) -> Vec<u8> {
        container::module(self.wasm, &self.sections).collect::<Vec<_>>().concat()
    }

    /// SHA-256 of [`Self::module`].
    pub fn module_sha256(&self) -> [u8; 32] {
        container::hash(self.wasm, &self.sections)
    }

    /// As [`Self::verify`], but for code of other versions, which is not damaged for it.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn verify_known(&self) -> Result<(), BundleError> {
        let module = self.module_sha256();
        self.platforms.iter().try_for_each(|platform| platform.check(&module, true))
    }

    /// Recomputes every hash in the bundle and checks what the images say of themselves against where they stand.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn verify(&self) -> Result<(), BundleError> {
        let module = self.module_sha256();
        for platform in &self.platforms {
            platform.verify(&module)?;
        }
        Ok(())
    }
}

impl<'a> Platform<'a> {
    /// As [`Bundle::verify`], for one platform of a module with this hash.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn verify(&self, module_sha256: &[u8; 32]) -> Result<(), BundleError> {
        self.check(module_sha256, false)
    }

    fn check(&self, module_sha256: &[u8; 32], other_versions: bool) -> Result<(), BundleError> {
        let target = || self.target.to_owned();
        if index_sha256(self.section.index()) != self.section.header.index_sha256 {
            return Err(BundleError::IndexHash(target()));
        }
        for (index, image) in self.section.images().enumerate() {
            let view = match ImageView::parse(image) {
                Ok(view) => view,
                Err(FormatError::Version(..)) if other_versions => continue,
                Err(error) => return Err(BundleError::Image { target: target(), index, error }),
            };
            if crate::image::content_sha256(image) != Some(view.header.sha256) {
                return Err(BundleError::ImageHash { target: target(), index });
            }
            if view.target() != self.target
                || self.section.header.module_sha256 != *module_sha256
                || wasm_sha256(&view) != Some(*module_sha256)
            {
                return Err(BundleError::Foreign { target: target(), index });
            }
        }
        Ok(())
    }

    /// The images, checked as far as [`ImageView::parse`] does.
    pub fn images(&self) -> impl Iterator<Item = Result<ImageView<'a>, FormatError>> + use<'a> {
        self.section.images().map(ImageView::parse)
    }
}

/// The module that an image says it was made of.
pub fn wasm_sha256(image: &ImageView<'_>) -> Option<[u8; 32]> {
    let at = std::mem::offset_of!(MetaHeader, wasm_sha256);
    image.meta().get(at..at + 32)?.try_into().ok()
}

/// Whether an image's code can be stopped at a deadline.
pub fn is_interruptible(image: &ImageView<'_>) -> bool {
    let at = std::mem::offset_of!(MetaHeader, flags);
    let flags = image.meta().get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    flags & FLAG_INTERRUPTIBLE != 0
}

fn index_sha256(index: &[u8]) -> [u8; 32] {
    let mut index = index.to_vec();
    if let Some(field) = index.get_mut(INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32) {
        field.fill(0);
    }
    Sha256::digest(&index).into()
}

/// Writes the section for images of one module and one platform. The image that needs most of a CPU comes first.
///
/// # Errors
/// Two images for the same CPU features, no image, or more than [`MAX_IMAGES`]; images of different modules or platforms.
pub fn section(target: &str, module_sha256: &[u8; 32], images: &[Vec<u8>]) -> Result<Vec<u8>, BundleError> {
    if images.is_empty() || images.len() > MAX_IMAGES as usize {
        return Err(BundleError::TooMany(images.len()));
    }
    let mut levels: BTreeMap<(std::cmp::Reverse<usize>, String), &[u8]> = BTreeMap::new();
    for (index, image) in images.iter().enumerate() {
        let view = ImageView::parse(image).map_err(|error| BundleError::Image {
            target: target.to_owned(),
            index,
            error,
        })?;
        if view.target() != target || wasm_sha256(&view) != Some(*module_sha256) {
            return Err(BundleError::Foreign { target: target.to_owned(), index });
        }
        let features = view.cpu_features().collect::<Vec<_>>().join(",");
        let level = (std::cmp::Reverse(view.cpu_features().count()), features);
        if levels.contains_key(&level) {
            return Err(BundleError::SameLevel { target: target.to_owned(), features: level.1 });
        }
        levels.insert(level, image);
    }
    let images: Vec<&[u8]> = levels.into_values().collect();
    let count = images.len() as u32;
    let size = index_len(count) as u64 + images.iter().map(|i| i.len() as u64).sum::<u64>();
    let mut out = Vec::new();
    out.extend_from_slice(&BUNDLE_MAGIC);
    out.extend_from_slice(&BUNDLE_VERSION.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(module_sha256);
    debug_assert_eq!(out.len(), INDEX_SHA256_OFFSET);
    out.extend_from_slice(&[0; 32]);
    let mut offset = index_len(count) as u64;
    for image in &images {
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&(image.len() as u64).to_le_bytes());
        offset += image.len() as u64;
    }
    let hash = index_sha256(&out);
    out[INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32].copy_from_slice(&hash);
    images.iter().for_each(|image| out.extend_from_slice(image));
    Ok(out)
}

/// Puts sections into a module: those of platforms that it has already are replaced, others are kept. A signature that was
/// there is dropped, since it would not hold any more.
///
/// # Errors
/// As [`section`], and what is no module.
pub fn attach(wasm: &[u8], platforms: &BTreeMap<String, Vec<Vec<u8>>>) -> Result<Vec<u8>, BundleError> {
    let bundle = Bundle::parse(wasm)?;
    let sha256 = bundle.module_sha256();
    let mut out = without(&bundle, |target| platforms.contains_key(target));
    for (target, images) in platforms {
        let data = section(target, &sha256, images)?;
        container::push_custom(&mut out, &format!("{SECTION_PREFIX}{target}"), &data)?;
    }
    Ok(out)
}

/// Takes the sections of some platforms out, or of all for an empty list, and the signature with them.
///
/// # Errors
/// What is no module.
pub fn strip(wasm: &[u8], targets: &[String]) -> Result<Vec<u8>, BundleError> {
    let sections = container::sections(wasm)?;
    let bundle = Bundle { wasm, sections, platforms: Vec::new() };
    Ok(without(&bundle, |target| targets.is_empty() || targets.iter().any(|t| t == target)))
}

fn without(bundle: &Bundle<'_>, drop: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut out = bundle.wasm.get(..container::PREAMBLE).unwrap_or_default().to_vec();
    for section in &bundle.sections {
        if !section.is_signature() && !section.target().is_some_and(&drop) {
            out.extend_from_slice(bundle.wasm.get(section.range.clone()).unwrap_or_default());
        }
    }
    out
}
