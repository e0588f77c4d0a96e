//! Fonts of the system, for scripts that the window's own fonts don't have. Each script is looked
//! for once, when a text of it is drawn.

use egui::epaint::ClippedShape;
use egui::epaint::text::{FontData, FontInsert, FontPriority, InsertFontFamily};

use crate::outside::{self, ScriptFont};

use super::Shell;

impl Shell {
    /// Looks for fonts of scripts that are drawn for the first time and that ours don't have.
    pub(super) fn find_fonts(&mut self, shapes: &[ClippedShape]) {
        let Some(open) = &self.open else { return };
        for script in outside::scripts(shapes) {
            if self.scripts.contains(&script.name) {
                continue;
            }
            self.scripts.push(script.name);
            let context = open.egui.egui_ctx();
            let font = egui::FontId::default();
            if !context.fonts_mut(|fonts| fonts.has_glyph(&font, script.sample)) {
                self.engine.find_font(script);
            }
        }
    }

    /// Adds a font behind all others, for text of every weight.
    pub(super) fn add_font(&self, font: ScriptFont) {
        let Some(open) = &self.open else { return };
        let context = open.egui.egui_ctx();
        let families = context.fonts(|fonts| {
            let families = fonts.definitions().families.keys().cloned();
            let lowest = |family| InsertFontFamily {
                family,
                priority: FontPriority::Lowest,
            };
            families.map(lowest).collect()
        });
        let data = FontData {
            index: font.index,
            ..FontData::from_owned(font.bytes)
        };
        context.add_font(FontInsert::new(font.script.name, data, families));
    }
}
