//! Lists of tags, as DKIM and DMARC write them: `v=DKIM1; k=rsa; p=…` (RFC 6376, section 3.2).

use std::collections::BTreeMap;

/// Reads a list of tags; none where it is not one, or names a tag twice.
pub(super) fn read(text: &str) -> Option<BTreeMap<&str, &str>> {
    let mut tags = BTreeMap::new();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (name, value) = part.split_once('=')?;
        if tags.insert(name.trim(), value.trim()).is_some() {
            return None;
        }
    }
    Some(tags)
}
