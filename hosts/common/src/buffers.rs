//! What writing to a buffer means.

use crate::Status;

/// What a guest asks for by a start and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// In front of everything: start 0, length 0.
    Prepend,
    /// In place of everything: start 0, length at least the size.
    Replace,
    /// Behind everything: start at least the size.
    Append,
}

impl Edit {
    /// Of a buffer of `size` bytes, by Envoy's rules.
    ///
    /// # Errors
    /// [`Status::BadArgument`] for anything in between.
    pub fn of(size: usize, start: u32, length: u32) -> Result<Self, Status> {
        let (start, length) = (start as usize, length as usize);
        if start == 0 && length == 0 {
            Ok(Self::Prepend)
        } else if start == 0 && length >= size {
            Ok(Self::Replace)
        } else if start > 0 && start >= size {
            Ok(Self::Append)
        } else {
            Err(Status::BadArgument)
        }
    }
}

/// Writes to a body or stream buffer.
///
/// # Errors
/// As [`Edit::of`].
pub fn write(buffer: &mut Vec<u8>, start: u32, length: u32, data: &[u8]) -> Result<(), Status> {
    match Edit::of(buffer.len(), start, length)? {
        Edit::Prepend => {
            buffer.splice(0..0, data.iter().copied());
        }
        Edit::Replace => {
            buffer.clear();
            buffer.extend_from_slice(data);
        }
        Edit::Append => buffer.extend_from_slice(data),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes() {
        let run = |start, length| {
            let mut b = b"abc".to_vec();
            write(&mut b, start, length, b"XY").map(|()| String::from_utf8(b).unwrap())
        };
        assert_eq!(run(0, 0).as_deref(), Ok("XYabc"));
        assert_eq!(run(0, 3).as_deref(), Ok("XY"));
        assert_eq!(run(0, u32::MAX).as_deref(), Ok("XY"));
        assert_eq!(run(3, 0).as_deref(), Ok("abcXY"));
        assert_eq!(run(9, 9).as_deref(), Ok("abcXY"));
        assert_eq!(run(u32::MAX, 7).as_deref(), Ok("abcXY"));
        assert_eq!(run(0, 1), Err(Status::BadArgument));
        assert_eq!(run(0, 2), Err(Status::BadArgument));
        assert_eq!(run(1, 1), Err(Status::BadArgument));
    }
}
