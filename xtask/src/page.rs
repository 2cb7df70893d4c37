//! `docs/benchmarks.md`: several commands write to it, each its own part, between markers.

use std::path::Path;

const TITLE: &str = "# Benchmarks\n";

/// Writes a part of the page anew. What stands outside of its markers stays; a part that is not there yet goes to the end.
pub fn write(root: &Path, part: &str, text: &str) -> Result<(), String> {
    let path = root.join("docs/benchmarks.md");
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let page = match std::fs::read_to_string(&path) {
        Ok(page) => page,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => TITLE.to_owned(),
        Err(e) => return Err(failed(e)),
    };
    std::fs::write(&path, with_part(&page, part, text)?).map_err(failed)?;
    println!("wrote part {part:?} of {}", path.display());
    Ok(())
}

fn with_part(page: &str, part: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- {part}: begin -->"), format!("<!-- {part}: end -->"));
    let new = format!("{begin}\n{}\n{end}", text.trim_end());
    match (page.find(&begin), page.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            Ok(format!("{}{new}{}", &page[..from], &page[to + end.len()..]))
        }
        (None, None) => Ok(format!("{}\n\n{new}\n", page.trim_end())),
        _ => Err(format!("the page has only one of {begin} and {end}, or has them in the wrong order")),
    }
}

/// The machine, for the text of a part.
pub fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("unknown CPU", |l| l.trim_start_matches([' ', '\t', ':']));
    let threads = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{model}, {threads} threads, {}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_touch_each_other() {
        let page = with_part(TITLE, "a", "one\n\n").unwrap();
        let page = with_part(&page, "b", "two").unwrap();
        assert_eq!(
            page,
            "# Benchmarks\n\n<!-- a: begin -->\none\n<!-- a: end -->\n\n<!-- b: begin -->\ntwo\n<!-- b: end -->\n"
        );
        let page = with_part(&page, "a", "three").unwrap();
        assert_eq!(
            page,
            "# Benchmarks\n\n<!-- a: begin -->\nthree\n<!-- a: end -->\n\n<!-- b: begin -->\ntwo\n<!-- b: end -->\n"
        );
    }

    #[test]
    fn a_broken_page_is_not_written() {
        assert!(with_part("<!-- a: end -->\n<!-- a: begin -->", "a", "").is_err());
        assert!(with_part("<!-- a: begin -->", "a", "").is_err());
    }
}
