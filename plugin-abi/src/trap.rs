//! Trap codes, shared by the trap table, the libcalls and the public header.

/// Why a guest stopped. The numbers are part of the ABI; 0 is never a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TrapCode {
    /// The `unreachable` instruction.
    Unreachable = 1,
    /// A load, store or bulk operation outside of the linear memory.
    MemoryOutOfBounds = 2,
    /// A table access or an indirect call outside of the table.
    TableOutOfBounds = 3,
    /// An indirect call of a null table element.
    IndirectCallToNull = 4,
    /// An indirect call of a function with another signature.
    BadSignature = 5,
    /// Integer division or remainder by zero.
    IntegerDivisionByZero = 6,
    /// The smallest integer divided by -1.
    IntegerOverflow = 7,
    /// A float that no integer of the target type can hold.
    BadConversionToInteger = 8,
    /// The stack limit of the instance was reached.
    StackOverflow = 9,
    /// The host stopped the guest: a deadline passed or `nullvm_instance_interrupt` was called.
    Interrupt = 10,
    /// A null reference where a function was needed.
    NullReference = 11,
    /// A call of an import that was stubbed by `--stub-unknown-imports`.
    UnresolvedImport = 12,
    /// A host function that this phase of the plugin's life does not allow.
    RestrictedCallback = 13,
    /// The host asked for a trap out of a host function.
    Host = 14,
}

impl TrapCode {
    /// All codes, in the order of their numbers.
    pub const ALL: [TrapCode; 14] = [
        Self::Unreachable,
        Self::MemoryOutOfBounds,
        Self::TableOutOfBounds,
        Self::IndirectCallToNull,
        Self::BadSignature,
        Self::IntegerDivisionByZero,
        Self::IntegerOverflow,
        Self::BadConversionToInteger,
        Self::StackOverflow,
        Self::Interrupt,
        Self::NullReference,
        Self::UnresolvedImport,
        Self::RestrictedCallback,
        Self::Host,
    ];

    /// The code with this number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        if n == 0 || n as usize > Self::ALL.len() { None } else { Some(Self::ALL[n as usize - 1]) }
    }

    /// What a log line says of it, in the words of the WebAssembly test suite where it has some.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::MemoryOutOfBounds => "out of bounds memory access",
            Self::TableOutOfBounds => "undefined element: out of bounds table access",
            Self::IndirectCallToNull => "uninitialized element",
            Self::BadSignature => "indirect call type mismatch",
            Self::IntegerDivisionByZero => "integer divide by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::BadConversionToInteger => "invalid conversion to integer",
            Self::StackOverflow => "call stack exhausted",
            Self::Interrupt => "interrupted",
            Self::NullReference => "null reference",
            Self::UnresolvedImport => "call of an unresolved import",
            Self::RestrictedCallback => "restricted_callback",
            Self::Host => "host trap",
        }
    }
}

const _: () = {
    let mut i = 0;
    while i < TrapCode::ALL.len() {
        assert!(TrapCode::ALL[i] as usize == i + 1);
        i += 1;
    }
};
