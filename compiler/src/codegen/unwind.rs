//! The unwind table: an `.eh_frame` with pc-relative addresses, which links into position-independent code.

use cranelift_codegen::gimli;
use cranelift_codegen::gimli::write::{Address, EhFrame, EndianVec, FrameTable, Writer};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::systemv::UnwindInfo;
use gimli::LittleEndian;

/// Unwind information of a text.
pub struct UnwindTable {
    table: FrameTable,
    cie: Option<gimli::write::CieId>,
}

/// An `.eh_frame` and where it refers to the text.
pub struct EhFrameBytes {
    /// The section, with zeroes where it refers to the text.
    pub bytes: Vec<u8>,
    /// Offset of each reference in the section, and of what it refers to in the text: 32-bit, relative to its own place.
    pub references: Vec<(u32, u32)>,
}

impl UnwindTable {
    pub(super) fn new(isa: &dyn TargetIsa) -> Self {
        let mut table = FrameTable::default();
        let cie = isa.create_systemv_cie().map(|mut cie| {
            cie.fde_address_encoding = gimli::DwEhPe(gimli::DW_EH_PE_pcrel.0 | gimli::DW_EH_PE_sdata4.0);
            table.add_cie(cie)
        });
        Self { table, cie }
    }

    pub(super) fn add(&mut self, offset: u32, info: &UnwindInfo) {
        if let Some(cie) = self.cie {
            let address = Address::Symbol { symbol: 0, addend: i64::from(offset) };
            self.table.add_fde(cie, info.to_fde(address));
        }
    }

    /// The section; `None` on targets without one.
    ///
    /// # Errors
    /// What gimli says.
    pub fn eh_frame(&self) -> Result<Option<EhFrameBytes>, gimli::write::Error> {
        if self.cie.is_none() {
            return Ok(None);
        }
        let mut section =
            EhFrame::from(Recorder { bytes: EndianVec::new(LittleEndian), references: Vec::new() });
        self.table.write_eh_frame(&mut section)?;
        let mut recorder = section.0;
        // The terminator that unwinders look for when they are given the section by address.
        recorder.write_u32(0)?;
        Ok(Some(EhFrameBytes { bytes: recorder.bytes.into_vec(), references: recorder.references }))
    }
}

/// Writes the section and records its references to the text.
#[derive(Clone, Debug)]
struct Recorder {
    bytes: EndianVec<LittleEndian>,
    references: Vec<(u32, u32)>,
}

impl Writer for Recorder {
    type Endian = LittleEndian;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn write(&mut self, bytes: &[u8]) -> gimli::write::Result<()> {
        self.bytes.write(bytes)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> gimli::write::Result<()> {
        self.bytes.write_at(offset, bytes)
    }

    fn write_eh_pointer(
        &mut self,
        address: Address,
        encoding: gimli::DwEhPe,
        size: u8,
    ) -> gimli::write::Result<()> {
        match address {
            Address::Symbol { addend, .. } => {
                self.references.push((self.len() as u32, addend as u32));
                self.write_u32(0)
            }
            constant => self.bytes.write_eh_pointer(constant, encoding, size),
        }
    }
}
