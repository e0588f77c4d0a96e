//! QR codes on a terminal.

use crate::failure::Failure;

/// Two modules a character, in blocks that every terminal has.
pub(crate) fn draw(text: &str) -> Result<String, Failure> {
    let code =
        qrcode::QrCode::new(text).map_err(|error| Failure::new("can't draw the QR code", error))?;
    Ok(code.render::<qrcode::render::unicode::Dense1x2>().build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_line_fits_a_code() {
        let name = "n".repeat(64);
        let key = "ABCDEFG-".repeat(8);
        let code = draw(&format!("{name} fe80::1234:5678:9abc:def0 key={key}")).unwrap();
        assert!(code.lines().count() > 20);
    }
}
