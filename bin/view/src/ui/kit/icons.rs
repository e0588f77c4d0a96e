//! The icons of Phosphor that are in `fonts/`: all in outline, those of states and buttons over
//! pictures filled as well.

use egui::{Align2, Color32, Painter, Pos2, Rect};

use crate::ui::theme;

/// A picture of the icon font, in outline or filled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::ui) struct Icon {
    code: char,
    is_filled: bool,
}

impl Icon {
    const fn outline(code: char) -> Self {
        let is_filled = false;
        Self { code, is_filled }
    }

    /// The same filled, for a state that is on, over pictures and in coloured buttons.
    pub(in crate::ui) const fn filled(self) -> Self {
        let is_filled = true;
        Self { is_filled, ..self }
    }

    /// The letter of the icon's font, for a text with an icon in it.
    pub(in crate::ui) fn code(self) -> char {
        self.code
    }

    /// Paints it around a point. Gives back what it covers.
    pub(in crate::ui) fn paint(self, p: &Painter, at: Pos2, size: f32, colour: Color32) -> Rect {
        let font = theme::icons(size, self.is_filled);
        p.text(at, Align2::CENTER_CENTER, self.code, font, colour)
    }
}

pub(in crate::ui) const TRAY_ARROW_DOWN: Icon = Icon::outline('\u{e010}');
pub(in crate::ui) const ARROW_CLOCKWISE: Icon = Icon::outline('\u{e036}');
pub(in crate::ui) const ARROW_DOWN: Icon = Icon::outline('\u{e03e}');
pub(in crate::ui) const ARROW_LEFT: Icon = Icon::outline('\u{e058}');
pub(in crate::ui) const ARROW_RIGHT: Icon = Icon::outline('\u{e06c}');
pub(in crate::ui) const ARROWS_OUT: Icon = Icon::outline('\u{e0a2}');
pub(in crate::ui) const AT: Icon = Icon::outline('\u{e0ac}');
pub(in crate::ui) const BELL: Icon = Icon::outline('\u{e0ce}');
pub(in crate::ui) const BELL_SLASH: Icon = Icon::outline('\u{e0d4}');
pub(in crate::ui) const CAMERA: Icon = Icon::outline('\u{e10e}');
pub(in crate::ui) const CARET_DOWN: Icon = Icon::outline('\u{e136}');
pub(in crate::ui) const CARET_LEFT: Icon = Icon::outline('\u{e138}');
pub(in crate::ui) const CARET_RIGHT: Icon = Icon::outline('\u{e13a}');
pub(in crate::ui) const CHART_LINE: Icon = Icon::outline('\u{e154}');
pub(in crate::ui) const CHAT_CIRCLE: Icon = Icon::outline('\u{e168}');
pub(in crate::ui) const CHECK: Icon = Icon::outline('\u{e182}');
pub(in crate::ui) const CLOCK: Icon = Icon::outline('\u{e19a}');
pub(in crate::ui) const COPY: Icon = Icon::outline('\u{e1ca}');
pub(in crate::ui) const CORNERS_IN: Icon = Icon::outline('\u{e1ce}');
pub(in crate::ui) const CORNERS_OUT: Icon = Icon::outline('\u{e1d0}');
pub(in crate::ui) const DOTS_THREE_OUTLINE: Icon = Icon::outline('\u{e204}');
pub(in crate::ui) const DOTS_THREE_VERTICAL: Icon = Icon::outline('\u{e208}');
pub(in crate::ui) const EYE: Icon = Icon::outline('\u{e220}');
pub(in crate::ui) const FILE: Icon = Icon::outline('\u{e230}');
pub(in crate::ui) const FILE_TEXT: Icon = Icon::outline('\u{e23a}');
pub(in crate::ui) const FOLDER: Icon = Icon::outline('\u{e24a}');
pub(in crate::ui) const FOLDER_OPEN: Icon = Icon::outline('\u{e256}');
pub(in crate::ui) const GEAR_SIX: Icon = Icon::outline('\u{e272}');
pub(in crate::ui) const IMAGE: Icon = Icon::outline('\u{e2ca}');
pub(in crate::ui) const INFO: Icon = Icon::outline('\u{e2ce}');
pub(in crate::ui) const KEYBOARD: Icon = Icon::outline('\u{e2d8}');
pub(in crate::ui) const LOCK: Icon = Icon::outline('\u{e2fa}');
pub(in crate::ui) const MAGNIFYING_GLASS: Icon = Icon::outline('\u{e30c}');
pub(in crate::ui) const MICROPHONE: Icon = Icon::outline('\u{e326}');
pub(in crate::ui) const MICROPHONE_SLASH: Icon = Icon::outline('\u{e328}');
pub(in crate::ui) const MINUS: Icon = Icon::outline('\u{e32a}');
pub(in crate::ui) const MUSIC_NOTE: Icon = Icon::outline('\u{e33c}');
pub(in crate::ui) const PAPER_PLANE_TILT: Icon = Icon::outline('\u{e398}');
pub(in crate::ui) const PAPERCLIP: Icon = Icon::outline('\u{e39a}');
pub(in crate::ui) const PAUSE: Icon = Icon::outline('\u{e39e}');
pub(in crate::ui) const PENCIL_SIMPLE: Icon = Icon::outline('\u{e3b4}');
pub(in crate::ui) const PHONE: Icon = Icon::outline('\u{e3b8}');
pub(in crate::ui) const PHONE_CALL: Icon = Icon::outline('\u{e3ba}');
pub(in crate::ui) const PHONE_DISCONNECT: Icon = Icon::outline('\u{e3bc}');
pub(in crate::ui) const PHONE_INCOMING: Icon = Icon::outline('\u{e3be}');
pub(in crate::ui) const PHONE_OUTGOING: Icon = Icon::outline('\u{e3c0}');
pub(in crate::ui) const PHONE_X: Icon = Icon::outline('\u{e3c4}');
pub(in crate::ui) const PLAY: Icon = Icon::outline('\u{e3d0}');
pub(in crate::ui) const QR_CODE: Icon = Icon::outline('\u{e3e6}');
pub(in crate::ui) const RECORD: Icon = Icon::outline('\u{e3ee}');
pub(in crate::ui) const SHIELD_CHECK: Icon = Icon::outline('\u{e40c}');
pub(in crate::ui) const SHIELD_WARNING: Icon = Icon::outline('\u{e412}');
pub(in crate::ui) const SMILEY: Icon = Icon::outline('\u{e436}');
pub(in crate::ui) const SPEAKER_HIGH: Icon = Icon::outline('\u{e44a}');
pub(in crate::ui) const SPEAKER_SLASH: Icon = Icon::outline('\u{e45a}');
pub(in crate::ui) const SQUARES_FOUR: Icon = Icon::outline('\u{e464}');
pub(in crate::ui) const STOP: Icon = Icon::outline('\u{e46c}');
pub(in crate::ui) const TRASH: Icon = Icon::outline('\u{e4a6}');
pub(in crate::ui) const USER_CIRCLE: Icon = Icon::outline('\u{e4c4}');
pub(in crate::ui) const USER_PLUS: Icon = Icon::outline('\u{e4d0}');
pub(in crate::ui) const VIDEO_CAMERA: Icon = Icon::outline('\u{e4da}');
pub(in crate::ui) const VIDEO_CAMERA_SLASH: Icon = Icon::outline('\u{e4dc}');
pub(in crate::ui) const WARNING_CIRCLE: Icon = Icon::outline('\u{e4e2}');
pub(in crate::ui) const WIFI_SLASH: Icon = Icon::outline('\u{e4f2}');
pub(in crate::ui) const X: Icon = Icon::outline('\u{e4f6}');
pub(in crate::ui) const CHECKS: Icon = Icon::outline('\u{e53a}');
pub(in crate::ui) const HAND_WAVING: Icon = Icon::outline('\u{e580}');
pub(in crate::ui) const LAPTOP: Icon = Icon::outline('\u{e586}');
pub(in crate::ui) const WRENCH: Icon = Icon::outline('\u{e5d4}');
pub(in crate::ui) const ARROW_SQUARE_OUT: Icon = Icon::outline('\u{e5de}');
pub(in crate::ui) const SEAL_CHECK: Icon = Icon::outline('\u{e606}');
pub(in crate::ui) const PALETTE: Icon = Icon::outline('\u{e6c8}');
pub(in crate::ui) const FILE_PDF: Icon = Icon::outline('\u{e702}');
pub(in crate::ui) const EAR: Icon = Icon::outline('\u{e70c}');
pub(in crate::ui) const FILE_ZIP: Icon = Icon::outline('\u{e958}');
pub(in crate::ui) const WEBCAM: Icon = Icon::outline('\u{e9b2}');
pub(in crate::ui) const FILE_AUDIO: Icon = Icon::outline('\u{ea20}');
pub(in crate::ui) const FILE_VIDEO: Icon = Icon::outline('\u{ea22}');
pub(in crate::ui) const SIDEBAR_SIMPLE: Icon = Icon::outline('\u{ec24}');
pub(in crate::ui) const SECURITY_CAMERA: Icon = Icon::outline('\u{eca4}');
pub(in crate::ui) const FLIP_HORIZONTAL: Icon = Icon::outline('\u{ed6a}');

#[cfg(test)]
mod tests {
    use egui::Context;

    use super::*;

    #[test]
    fn icons_of_both_kinds_are_in_their_fonts() {
        let ctx = Context::default();
        theme::prepare(&ctx);
        let all = [X, PHONE, SECURITY_CAMERA, FLIP_HORIZONTAL];
        let filled = [PHONE, MICROPHONE_SLASH, X, SEAL_CHECK].map(Icon::filled);
        // The output is not compared with anything.
        let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
            for icon in all.into_iter().chain(filled) {
                let font = theme::icons(20.0, icon.is_filled);
                let known = ui.fonts_mut(|fonts| fonts.has_glyph(&font, icon.code));
                assert!(known, "{icon:?}");
            }
        });
    }
}
