//! The data of a module as the shim wants it: few runs, page-aligned where that costs little, so that a memory starts as a
//! mapping of them instead of a copy.
//!
//! Toolchains make tens of thousands of active segments of a few bytes (Go). What the guest sees is what they leave behind
//! together, so they are laid over each other here, once, instead of by every host that loads the plugin.

use crate::module::Data;
use plugin_abi::{DATA_PAGE, WASM_PAGE};
use std::borrow::Cow;

/// `plugin_abi::DataRecord`s as words, and the bytes that they point into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DataParts {
    pub(super) records: Vec<[u32; 4]>,
    pub(super) bytes: Vec<u8>,
    /// Whether runs begin and end with a page, and so want `bytes` to.
    pub(super) pages: bool,
}

/// What active segments leave at an address.
struct Run<'a> {
    offset: u64,
    bytes: Cow<'a, [u8]>,
}

impl Run<'_> {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// Zeros that may lie between segments of one run, tried in this order, and whether runs are filled up to pages. What is not much
/// larger than the segments themselves is taken; the last always is.
const GAPS: [(u64, bool); 3] = [(WASM_PAGE, true), (DATA_PAGE, true), (64, false)];

/// Lays out the segments of a module with `memory_pages` to start with. `indexed`: whether the code names segments by number.
pub(super) fn lay_out(segments: &[Data<'_>], memory_pages: u32, indexed: bool) -> DataParts {
    let mut parts = DataParts::default();
    let mut active: Vec<Run<'_>> = Vec::new();
    for s in segments {
        if let Some(offset) = s.offset {
            active.push(Run { offset: u64::from(offset), bytes: Cow::Borrowed(s.bytes) });
        }
        if indexed {
            // An active segment counts as dropped once the instance is there: like an empty one.
            parts.push(0, 0, if s.offset.is_some() { &[] } else { s.bytes });
        }
    }
    let memory = u64::from(memory_pages) * WASM_PAGE;
    if let Some(outside) = active.iter().find(|r| r.end() > memory) {
        // Every instantiation ends with a trap, for which its place is enough.
        parts.push(1, outside.offset as u32, &outside.bytes);
        return parts;
    }
    active.retain(|r| !r.bytes.is_empty());
    let total: u64 = active.iter().map(|r| r.bytes.len() as u64).sum();
    for (gap, pages) in GAPS {
        let runs = merged(&active, gap);
        let bounds = runs.iter().map(|(from, to)| {
            let page = if pages { DATA_PAGE } else { 1 };
            (from / page * page, to.next_multiple_of(page))
        });
        let size: u64 = bounds.clone().map(|(from, to)| to - from).sum();
        if pages && size > 2 * total + 4 * WASM_PAGE {
            continue;
        }
        parts.pages = pages && !active.is_empty();
        if parts.pages {
            parts.bytes.resize(parts.bytes.len().next_multiple_of(DATA_PAGE as usize), 0);
        }
        let base = parts.bytes.len() as u64;
        parts.bytes.resize((base + size) as usize, 0);
        let mut places: Vec<(u64, u64)> = Vec::new();
        let mut first = base;
        for (from, to) in bounds {
            parts.records.push([1, from as u32, first as u32, (to - from) as u32]);
            places.push((from, first));
            first += to - from;
        }
        // In the module's order: where segments overlap, the later one counts.
        for r in &active {
            let (from, first) = places[places.partition_point(|(from, _)| *from <= r.offset) - 1];
            let at = (first + r.offset - from) as usize;
            parts.bytes[at..at + r.bytes.len()].copy_from_slice(&r.bytes);
        }
        break;
    }
    parts
}

impl DataParts {
    fn push(&mut self, active: u32, offset: u32, bytes: &[u8]) {
        self.records.push([active, offset, self.bytes.len() as u32, bytes.len() as u32]);
        self.bytes.extend_from_slice(bytes);
    }
}

/// The ranges that segments cover, ascending, those joined that are no more than `gap` apart.
fn merged(active: &[Run<'_>], gap: u64) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = active.iter().map(|r| (r.offset, r.end())).collect();
    ranges.sort_unstable();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for (from, to) in ranges {
        match runs.last_mut() {
            Some(last) if from <= last.1 + gap => last.1 = last.1.max(to),
            _ => runs.push((from, to)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(offset: u32, bytes: &[u8]) -> Data<'_> {
        Data { offset: Some(offset), bytes }
    }

    /// What a memory of `pages` holds after the records.
    fn memory(parts: &DataParts, pages: usize) -> Vec<u8> {
        let mut memory = vec![0; pages << 16];
        for [active, offset, first, len] in parts.records.iter().copied() {
            if active == 1 {
                memory[offset as usize..][..len as usize]
                    .copy_from_slice(&parts.bytes[first as usize..][..len as usize]);
            }
        }
        memory
    }

    #[test]
    fn tiny_segments_become_one_run_of_pages_and_later_ones_win() {
        let segments: Vec<Data<'_>> = (0..5000)
            .map(|i| active(70_000 + i * 20, b"0123456789"))
            .chain([active(70_005, b"xyz")])
            .collect();
        let parts = lay_out(&segments, 4, false);
        assert_eq!(parts.records.len(), 1);
        let [_, offset, first, len] = parts.records[0];
        assert!(parts.pages && [offset, first, len].iter().all(|n| n % 4096 == 0));
        let memory = memory(&parts, 4);
        assert_eq!(memory[70_000..70_010], *b"01234xyz89");
        assert_eq!(memory[70_010..70_020], [0; 10]);
        assert_eq!(memory[70_020..70_022], *b"01");
        assert!(memory[..70_000].iter().all(|b| *b == 0));
    }

    #[test]
    fn sparse_segments_stay_small() {
        let segments: Vec<Data<'_>> = (0..1000).map(|i| active(i << 16, b"x")).collect();
        let parts = lay_out(&segments, 1000, false);
        assert_eq!((parts.records.len(), parts.bytes.len(), parts.pages), (1000, 1000, false));
        assert_eq!(memory(&parts, 1000).iter().filter(|b| **b == b'x').count(), 1000);
    }

    #[test]
    fn segments_that_the_code_names_keep_their_numbers() {
        let segments = [
            active(8, b"gone"),
            Data { offset: None, bytes: b"passive" },
            active(100, b""),
            active(12, b"too"),
        ];
        let parts = lay_out(&segments, 1, true);
        assert_eq!(parts.records[0], [0, 0, 0, 0]);
        assert_eq!(parts.records[1], [0, 0, 0, 7]);
        assert_eq!(parts.records[2..4], [[0, 0, 7, 0]; 2]);
        assert_eq!(&memory(&parts, 1)[8..16], b"gonetoo\0");
    }

    #[test]
    fn a_segment_outside_the_memory_is_kept_for_its_trap() {
        let parts = lay_out(&[active(0, b"in"), active(65_535, b"out"), active(9, b"in")], 1, false);
        assert_eq!(parts.records, [[1, 65_535, 0, 3]]);
        // Also an empty one.
        assert_eq!(lay_out(&[active(65_537, b"")], 1, false).records, [[1, 65_537, 0, 0]]);
        assert_eq!(lay_out(&[active(65_536, b"")], 1, false).records, [[0; 4]; 0]);
    }
}
