//! Images: their hash.

use plugin_abi::IMAGE_SHA256_OFFSET;
use sha2::{Digest, Sha256};

/// The hash that the header of an image must carry: SHA-256 over the image with the header's own field zeroed. `None` for bytes
/// that are too short for a header.
pub fn content_sha256(image: &[u8]) -> Option<[u8; 32]> {
    let (before, rest) = image.split_at_checked(IMAGE_SHA256_OFFSET)?;
    let (_, after) = rest.split_at_checked(32)?;
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update([0; 32]);
    hasher.update(after);
    Some(hasher.finalize().into())
}
