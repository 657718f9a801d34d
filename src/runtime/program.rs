//! Programs that run in an image that holds nothing else.

/// What is wrong with a program that shall run in an image that holds nothing else; none if nothing is.
///
/// It must be an ELF file without an interpreter: whoever asks for one is linked to libraries that the image lacks.
pub fn not_static(program: &[u8]) -> Option<&'static str> {
    const CLASS_64: u8 = 2;
    const LITTLE_ENDIAN: u8 = 1;
    const PROGRAM_HEADERS_MAX: usize = 512;
    const INTERPRETER: u32 = 3;
    if !program.starts_with(b"\x7fELF") {
        return Some("is no program for Linux");
    }
    if program.get(4..6) != Some(&[CLASS_64, LITTLE_ENDIAN]) {
        return Some("is no program for 64-bit Linux");
    }
    let half = |at: usize| {
        Some(usize::from(u16::from_le_bytes(
            *program.get(at..)?.first_chunk()?,
        )))
    };
    let header_kind = |number: usize| {
        let table = usize::try_from(u64::from_le_bytes(*program.get(32..)?.first_chunk()?)).ok()?;
        let at = half(54)?.checked_mul(number)?.checked_add(table)?;
        Some(u32::from_le_bytes(*program.get(at..)?.first_chunk()?))
    };
    let count = half(56).unwrap_or(0).min(PROGRAM_HEADERS_MAX);
    if count == 0 {
        return Some("is cut short");
    }
    for number in 0..count {
        match header_kind(number) {
            None => return Some("is cut short"),
            Some(INTERPRETER) => {
                return Some("is linked to libraries, which a container of it lacks");
            }
            Some(_) => {}
        }
    }
    None
}
