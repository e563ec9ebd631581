//! Lines and names as `sha256sum` prints them.

use std::borrow::Cow;
use std::path::Path;

use crate::hash::Hash;

/// A line as `sha256sum` prints it: it begins with a backslash if the name is escaped.
pub(crate) fn line(digest: &Hash, path: &Path) -> Vec<u8> {
    let name = escape(path);
    let mark = if *name == *bytes(path) { "" } else { "\\" };
    [format!("{mark}{digest:x}  ").as_bytes(), &name, b"\n"].concat()
}

/// The name without line breaks.
pub(crate) fn escape(path: &Path) -> Vec<u8> {
    let mut name = Vec::new();
    for byte in bytes(path).iter() {
        match byte {
            b'\\' => name.extend(b"\\\\"),
            b'\n' => name.extend(b"\\n"),
            b'\r' => name.extend(b"\\r"),
            byte => name.push(*byte),
        }
    }
    name
}

/// The name as the system has it, where names are bytes.
fn bytes(path: &Path) -> Cow<'_, [u8]> {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into();
    #[cfg(not(unix))]
    return path.to_string_lossy().into_owned().into_bytes().into();
}
