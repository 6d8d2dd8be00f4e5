//! `application/x-www-form-urlencoded` with Stripe's nested keys (`line_items[0][quantity]`).

use std::fmt::Write as _;

/// Fields in the order they were added, so that a repeated request is the same byte for byte.
#[derive(Default)]
pub(crate) struct Form(String);

impl Form {
    /// Adds a field. `key` is ours, `value` may be anything.
    pub(crate) fn add(&mut self, key: &str, value: &str) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, key);
        self.0.push('=');
        encode(&mut self.0, value);
        self
    }

    /// The fields as text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_means_something_is_encoded() {
        let mut form = Form::default();
        form.add("mode", "payment").add("line_items[0][name]", "Ñandú & Co = 5 % +\r\n");
        assert_eq!(
            form.finish(),
            "mode=payment&line_items%5B0%5D%5Bname%5D=%C3%91and%C3%BA%20%26%20Co%20%3D%205%20%25%20%2B%0D%0A"
        );
    }
}
