//! A drawing as PNG.

use std::fmt;

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

use crate::drawing::colour::Colour;
use crate::drawing::{Drawing, Pen, Point, Shape};
use crate::palette::Palette;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[error("the chart could not be written as PNG: {0}")]
pub struct ChartError(String);

/// Draws and writes it, with `density` pixels for each one of the page.
pub(crate) fn write(drawing: &Drawing, density: u8) -> Result<Vec<u8>, ChartError> {
    let canvas = Canvas::draw(drawing, f32::from(density))?;
    encode(&canvas.pixels)
}

struct Canvas {
    pixels: Pixmap,
    transform: Transform,
}

impl Canvas {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are limited to some thousand pixels"
    )]
    fn draw(drawing: &Drawing, density: f32) -> Result<Canvas, ChartError> {
        let side = |length: f64| (length as f32 * density) as u32;
        let (width, height) = (side(drawing.width), side(drawing.height));
        let pixels = Pixmap::new(width, height).ok_or_else(|| error("it has no size"))?;
        let mut canvas = Canvas {
            pixels,
            transform: Transform::from_scale(density, density),
        };
        for shape in &drawing.shapes {
            canvas.shape(shape, (drawing.width, drawing.height));
        }
        Ok(canvas)
    }

    /// Draws one; what has no extent is invisible.
    fn shape(&mut self, shape: &Shape, (width, height): Point) {
        let mut path = PathBuilder::new();
        match shape {
            Shape::Panel { fill, frame, radius } => {
                round_box(&mut path, (0.5, 0.5), (width - 0.5, height - 0.5), *radius);
                let outline = path.clone();
                self.fill(path, *fill);
                self.stroke(outline, plain(*frame));
            }
            Shape::Box { from, to, fill } => {
                let [(left, top), (right, bottom)] = [pixel(*from), pixel(*to)];
                if let Some(rect) = Rect::from_ltrb(left, top, right, bottom) {
                    path.push_rect(rect);
                    self.fill(path, *fill);
                }
            }
            Shape::Area { points, fill } => {
                through(&mut path, points);
                path.close();
                self.fill(path, *fill);
            }
            Shape::Line { points, pen } => {
                through(&mut path, points);
                self.stroke(path, *pen);
            }
            Shape::Dot { middle, radius, fill } => {
                let ((x, y), (radius, _)) = (pixel(*middle), pixel((*radius, 0.0)));
                path.push_circle(x, y, radius);
                self.fill(path, *fill);
            }
        }
    }

    fn fill(&mut self, path: PathBuilder, colour: Colour) {
        if let Some(path) = path.finish() {
            let (paint, rule) = (paint(colour), FillRule::Winding);
            self.pixels.fill_path(&path, &paint, rule, self.transform, None);
        }
    }

    fn stroke(&mut self, path: PathBuilder, pen: Pen) {
        let Some(path) = path.finish() else { return };
        let (width, _) = pixel((pen.width, 0.0));
        let stroke = Stroke {
            width,
            line_cap: if pen.is_dashed {
                LineCap::Butt
            } else {
                LineCap::Round
            },
            line_join: LineJoin::Round,
            dash: pen
                .is_dashed
                .then(|| StrokeDash::new(vec![6.0, 4.0], 0.0))
                .flatten(),
            ..Stroke::default()
        };
        let paint = paint(pen.colour);
        self.pixels
            .stroke_path(&path, &paint, &stroke, self.transform, None);
    }
}

fn plain(colour: Colour) -> Pen {
    Pen {
        colour,
        width: 1.0,
        is_dashed: false,
    }
}

fn paint(Colour(red, green, blue, opacity): Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, opacity));
    paint.anti_alias = true;
    paint
}

#[expect(clippy::cast_possible_truncation, reason = "a place in a picture")]
fn pixel((x, y): Point) -> (f32, f32) {
    (x as f32, y as f32)
}

fn through(path: &mut PathBuilder, points: &[Point]) {
    for (index, point) in points.iter().enumerate() {
        let (x, y) = pixel(*point);
        if index == 0 {
            path.move_to(x, y);
        } else {
            path.line_to(x, y);
        }
    }
}

/// A box whose corners are arcs, near enough.
fn round_box(path: &mut PathBuilder, from: Point, to: Point, radius: f64) {
    let ((left, top), (right, bottom)) = (pixel(from), pixel(to));
    let (radius, _) = pixel((radius, 0.0));
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.quad_to(right, top, right, top + radius);
    path.line_to(right, bottom - radius);
    path.quad_to(right, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.quad_to(left, bottom, left, bottom - radius);
    path.line_to(left, top + radius);
    path.quad_to(left, top, left + radius, top);
    path.close();
}

/// Writes the pixels by a palette, which makes a fourth of the bytes.
fn encode(pixels: &Pixmap) -> Result<Vec<u8>, ChartError> {
    let colours: Vec<[u8; 4]> = pixels
        .pixels()
        .iter()
        .map(tiny_skia::PremultipliedColorU8::demultiply)
        .map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()])
        .collect();
    let palette = Palette::of(&colours);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(
        palette
            .colours
            .iter()
            .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
            .collect::<Vec<u8>>(),
    );
    encoder.set_trns(
        palette
            .colours
            .iter()
            .map(|[.., opacity]| *opacity)
            .collect::<Vec<u8>>(),
    );
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(error)?;
    writer
        .write_image_data(&palette.indices(&colours))
        .map_err(error)?;
    writer.finish().map_err(error)?;
    Ok(bytes)
}

fn error(reason: impl fmt::Display) -> ChartError {
    ChartError(reason.to_string())
}
