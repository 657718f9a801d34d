//! LZF, in which engines compress long strings.

use super::RdbError;

/// The original of `compressed`, `length` bytes long.
///
/// # Errors
/// [`RdbError::Corrupt`].
pub(super) fn expand(compressed: &[u8], length: usize) -> Result<Vec<u8>, RdbError> {
    let broken = || RdbError::Corrupt("a compressed string is broken".to_owned());
    let mut out = Vec::with_capacity(length.min(1 << 20));
    let mut input = compressed.iter().copied();
    let mut next = || input.next().ok_or_else(broken);
    // Bounded by `length`: each turn writes at least a byte.
    while out.len() < length {
        let control = usize::from(next()?);
        if control < 32 {
            for _ in 0..=control {
                out.push(next()?);
            }
            continue;
        }
        let mut count = control >> 5;
        if count == 7 {
            count += usize::from(next()?);
        }
        let back = ((control & 0x1f) << 8) + usize::from(next()?) + 1;
        let from = out.len().checked_sub(back).ok_or_else(broken)?;
        // The copy may overlap what it writes.
        for at in from..from + count + 2 {
            out.push(out[at]);
        }
    }
    match out.len() == length {
        true => Ok(out),
        false => Err(broken()),
    }
}
