/// The bytes of a file as text, without a byte-order mark; or the line and column of the first
/// byte that is no UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<&str, (u32, u32)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let valid = String::from_utf8_lossy(valid);
        let lines = valid.matches('\n').count();
        let column = valid
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        let from_one = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        (from_one(lines), from_one(column))
    })
}
