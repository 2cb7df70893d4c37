//! The section of a bundle: choosing the image for the processor that this is.
//!
//! Parses hostile bytes, like everything about images; trust is the caller's question. Nothing is copied here but by
//! [`Image::map`].

use crate::image::{Image, ImageError, MACHINE};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use plugin_abi::bundle::{BUNDLE_VERSION, INDEX_SHA256_OFFSET, SectionView};
use plugin_abi::{FormatError, ImageView};
use sha2::{Digest, Sha256};

/// Why a section gives no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// The section is damaged, or of another version.
    Format(FormatError),
    /// The hash over the section's index does not match.
    IndexHash,
    /// No image runs here; what keeps each of them from it.
    NothingFits(Vec<(String, ImageError)>),
    /// The image that was chosen cannot be mapped.
    Image(ImageError),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(FormatError::NotThis) => write!(f, "the section is no code of nullvm's"),
            Self::Format(FormatError::Version(version, _)) => write!(
                f,
                "the section has version {version}, this runtime knows version {BUNDLE_VERSION}: bundle the plugin with the \
                 nullvmc of this runtime"
            ),
            Self::Format(FormatError::OutOfRange(field)) => {
                write!(f, "the section is damaged: {field} is out of range")
            }
            Self::IndexHash => write!(f, "the section is damaged: its index has another hash than it should"),
            Self::NothingFits(all) => {
                write!(f, "no code in the section runs on this processor")?;
                for (level, error) in all {
                    write!(f, "; {}: {error}", if level.is_empty() { "baseline" } else { level })?;
                }
                Ok(())
            }
            Self::Image(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BundleError {}

/// The image of a section that makes most of this processor.
///
/// # Errors
/// [`BundleError`]; of the images only headers have been looked at.
pub fn choose(section: &[u8]) -> Result<ImageView<'_>, BundleError> {
    let section = SectionView::parse(section).map_err(BundleError::Format)?;
    let mut index = section.index().to_vec();
    if let Some(field) = index.get_mut(INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32) {
        field.fill(0);
    }
    if <[u8; 32]>::from(Sha256::digest(&index)) != section.header.index_sha256 {
        return Err(BundleError::IndexHash);
    }
    let mut best: Option<(usize, ImageView<'_>)> = None;
    let mut refused = Vec::new();
    for bytes in section.images() {
        let (level, found) = match ImageView::parse(bytes) {
            Err(error) => (String::new(), Err(ImageError::from(error))),
            Ok(view) => (view.cpu_features().collect::<Vec<_>>().join(","), fits(view)),
        };
        match found {
            Err(error) => refused.push((level, error)),
            Ok(view) => {
                let features = view.cpu_features().count();
                if best.as_ref().is_none_or(|(most, _)| features > *most) {
                    best = Some((features, view));
                }
            }
        }
    }
    best.map(|(_, view)| view).ok_or(BundleError::NothingFits(refused))
}

fn fits(view: ImageView<'_>) -> Result<ImageView<'_>, ImageError> {
    if view.header.machine != MACHINE {
        return Err(ImageError::Machine(view.header.machine));
    }
    match view.cpu_features().find(|f| !crate::trap::cpu_has(f)) {
        Some(feature) => Err(ImageError::CpuFeature(feature.to_string())),
        None => Ok(view),
    }
}

/// [`choose`], and [`Image::map`] of it.
///
/// # Errors
/// [`BundleError`].
pub fn map(section: &[u8]) -> Result<Image, BundleError> {
    Image::map(choose(section)?.bytes()).map_err(BundleError::Image)
}
