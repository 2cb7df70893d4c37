//! Reports on what a module carries beside itself: code of ours and of other engines, a signature.

use super::artifact::{self, ImageReport};
use super::hex;
use crate::bundle::is_foreign;
use nullvm_artifact::Bundle;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What a module carries.
#[derive(Serialize, Default)]
pub struct BundleReport {
    /// SHA-256 of the module without sections of ours and without a signature, by which artifacts name it.
    pub module_sha256: String,
    /// Whether there is a signature; `nullvmc verify` says what it is worth.
    pub signed: bool,
    /// SHA-256 of what the signature covers, by which deny lists name it whatever signatures are added.
    pub signed_content_sha256: Option<String>,
    pub platforms: Vec<PlatformReport>,
    /// Sections with code of other engines.
    pub other_engines: Vec<String>,
    /// What is wrong with the sections of ours.
    pub problem: Option<String>,
}

/// The code for one platform.
#[derive(Serialize)]
pub struct PlatformReport {
    pub target: String,
    pub images: Vec<ImageReport>,
}

/// Reports on a module that parses; what is wrong with its sections is part of the report.
pub fn report(bytes: &[u8]) -> BundleReport {
    let bundle = match Bundle::parse(bytes) {
        Ok(bundle) => bundle,
        Err(error) => return BundleReport { problem: Some(error.to_string()), ..BundleReport::default() },
    };
    let mut report = BundleReport {
        module_sha256: hex(&bundle.module_sha256()),
        signed: bundle.is_signed(),
        signed_content_sha256: nullvm_trust::signed_content(bytes).map(|c| hex(&Sha256::digest(c))),
        other_engines: bundle
            .sections()
            .iter()
            .filter_map(|s| s.name.filter(|n| is_foreign(Some(n))))
            .map(str::to_owned)
            .collect(),
        problem: bundle.verify().err().map(|e| e.to_string()),
        platforms: Vec::new(),
    };
    for platform in &bundle.platforms {
        let images = platform.images().filter_map(|view| artifact::image_report(&view.ok()?).ok()).collect();
        report.platforms.push(PlatformReport { target: platform.target.to_owned(), images });
    }
    report
}
