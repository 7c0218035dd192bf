//! A drawing as SVG: numbers and colours only, so that no text from outside is in it.

use std::fmt::{self, Display, Formatter};

use crate::drawing::colour::Colour;
use crate::drawing::{Drawing, Pen, Point, Shape};

/// Writes the element. It says nothing in words: that is for the page around it.
pub(crate) fn write(drawing: &Drawing) -> String {
    Element(drawing).to_string()
}

struct Element<'a>(&'a Drawing);

impl Display for Element<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Drawing { width, height, .. } = self.0;
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">"#
        )?;
        for shape in &self.0.shapes {
            self.shape(f, shape)?;
        }
        f.write_str("</svg>\n")
    }
}

impl Element<'_> {
    fn shape(&self, f: &mut Formatter<'_>, shape: &Shape) -> fmt::Result {
        match shape {
            Shape::Panel { fill, frame, radius } => {
                let (width, height) = (self.0.width - 1.0, self.0.height - 1.0);
                let (fill, frame) = (Paint("fill", *fill), Paint("stroke", *frame));
                writeln!(
                    f,
                    r#"<rect x="0.5" y="0.5" width="{width}" height="{height}" rx="{radius}"{fill}{frame}/>"#
                )
            }
            Shape::Box { from, to, fill } => {
                let (x, y) = (Tenths(from.0), Tenths(from.1));
                let (width, height) = (Tenths(to.0 - from.0), Tenths(to.1 - from.1));
                let fill = Paint("fill", *fill);
                writeln!(
                    f,
                    r#"<rect x="{x}" y="{y}" width="{width}" height="{height}"{fill}/>"#
                )
            }
            Shape::Area { points, fill } => {
                writeln!(f, r#"<path d="{}Z"{}/>"#, Path(points), Paint("fill", *fill))
            }
            Shape::Line { points, pen } => {
                writeln!(f, r#"<path d="{}" fill="none"{}/>"#, Path(points), Stroke(*pen))
            }
            Shape::Dot { middle, radius, fill } => {
                let (x, y, fill) = (Tenths(middle.0), Tenths(middle.1), Paint("fill", *fill));
                writeln!(f, r#"<circle cx="{x}" cy="{y}" r="{radius}"{fill}/>"#)
            }
        }
    }
}

/// A place to a tenth of a pixel: more is invisible.
struct Tenths(f64);

impl Display for Tenths {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 10.0).round() / 10.0)
    }
}

struct Path<'a>(&'a [Point]);

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, (x, y)) in self.0.iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            write!(f, "{step}{} {}", Tenths(*x), Tenths(*y))?;
        }
        Ok(())
    }
}

struct Paint(&'static str, Colour);

impl Display for Paint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Paint(what, Colour(red, green, blue, opacity)) = *self;
        write!(f, r##" {what}="#{red:02x}{green:02x}{blue:02x}""##)?;
        if opacity < u8::MAX {
            write!(f, r#" {what}-opacity="{:.2}""#, f64::from(opacity) / 255.0)?;
        }
        Ok(())
    }
}

struct Stroke(Pen);

impl Display for Stroke {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Pen {
            colour,
            width,
            is_dashed,
        } = self.0;
        write!(f, r#"{} stroke-width="{width}""#, Paint("stroke", colour))?;
        let rest = if is_dashed {
            r#" stroke-dasharray="6 4""#
        } else {
            r#" stroke-linejoin="round" stroke-linecap="round""#
        };
        f.write_str(rest)
    }
}
