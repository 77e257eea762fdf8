//! A picture of bars, as SVG.

use std::path::Path;

use plotters::prelude::*;

/// A bar: its label, how long it is, and the group that gives it its colour.
pub(crate) type Row = (String, f64, usize);

/// Draws a bar for each row, the longest of `most`, and a line at 1.
pub(crate) fn draw(
    path: &Path,
    title: &str,
    rows: &[Row],
    most: f64,
) -> Result<(), Box<dyn std::error::Error>> {
    const ROW: i32 = 18;
    const LABELS: i32 = 420;
    const WIDTH: f64 = 432.0;
    let scale = WIDTH / most;
    let height = ROW * i32::try_from(rows.len())? + 40;
    let right = LABELS + WIDTH as i32;
    let size = (u32::try_from(right)? + 60, u32::try_from(height)?);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    let font = ("sans-serif", 13).into_font();
    area.draw_text(title, &font.color(&BLACK), (LABELS, 8))?;
    for (row, (label, length, group)) in rows.iter().enumerate() {
        let top = 30 + ROW * i32::try_from(row)?;
        let end = LABELS + (length.min(most) * scale) as i32;
        let colour = if group % 2 == 0 { RGBColor(70, 110, 170) } else { RGBColor(90, 150, 120) };
        area.draw(&Rectangle::new([(LABELS, top), (end, top + ROW - 4)], colour.filled()))?;
        area.draw_text(label, &font.color(&BLACK), (8, top))?;
        area.draw_text(&format!("{length:.2}"), &font.color(&BLACK), (end + 6, top))?;
    }
    let line = LABELS + scale as i32;
    area.draw(&PathElement::new([(line, 26), (line, height - 8)], RED))?;
    area.present()?;
    Ok(())
}
