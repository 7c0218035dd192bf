//! What is drawn where, whatever it is drawn with: a list of shapes, from the back to the front.

use crate::reduce::{reduce, share};
use crate::scale::Scale;
use crate::{Chart, Size};

/// Room around the line.
const MARGIN: f64 = 10.0;
/// A column has so many pixels of the page: more points could not be distinguished.
const COLUMN: u16 = 2;
/// How high the marks of failed readings are.
const FAILED: f64 = 3.0;
/// The radius of a lone reading.
const DOT: f64 = 1.6;
/// The radius of the last reading.
const LAST: f64 = 3.5;

/// Colours that can be distinguished on the panel, by those too who do not see red and green.
pub(crate) mod colour {
    /// One with its opacity.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8, pub(crate) u8);

    /// The panel has its own colour, so that the rest is visible on light and on dark pages.
    pub(crate) const PANEL: Colour = Colour(0xf3, 0xf6, 0xfa, 0xff);
    pub(crate) const FRAME: Colour = Colour(0xc9, 0xd1, 0xdb, 0xff);
    pub(crate) const GRID: Colour = Colour(0xdd, 0xe3, 0xea, 0xff);
    pub(crate) const LINE: Colour = Colour(0x1a, 0x5f, 0xb4, 0xff);
    pub(crate) const AREA: Colour = Colour(0x1a, 0x5f, 0xb4, 0x24);
    pub(crate) const THRESHOLD: Colour = Colour(0xb3, 0x26, 0x1e, 0xff);
    pub(crate) const MARK: Colour = Colour(0x9a, 0x5b, 0x00, 0xff);
    pub(crate) const FAILED: Colour = Colour(0x6e, 0x76, 0x81, 0xff);
}

use self::colour::Colour;

/// A picture.
#[derive(Debug, PartialEq)]
pub(crate) struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

/// One thing in it.
#[derive(Debug, PartialEq)]
pub(crate) enum Shape {
    /// The background with its frame and round corners.
    Panel {
        fill: Colour,
        frame: Colour,
        radius: f64,
    },
    /// From corner to corner.
    Box { from: Point, to: Point, fill: Colour },
    /// Filled between its points.
    Area { points: Vec<Point>, fill: Colour },
    /// Through its points.
    Line { points: Vec<Point>, pen: Pen },
    /// Filled around its middle.
    Dot {
        middle: Point,
        radius: f64,
        fill: Colour,
    },
}

/// From the left and from the top.
pub(crate) type Point = (f64, f64);

/// What a line is drawn with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pen {
    pub(crate) colour: Colour,
    pub(crate) width: f64,
    pub(crate) is_dashed: bool,
}

/// The box of the line within the panel.
struct Plot {
    width: f64,
    height: f64,
    scale: Option<Scale>,
}

/// Draws a chart.
pub(crate) fn of(chart: &Chart, size: Size) -> Drawing {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let plot = Plot {
        width,
        height,
        scale: Scale::of(chart),
    };
    let columns = usize::from(size.width / COLUMN);
    let reduced = reduce(chart, columns);
    let mut shapes = vec![Shape::Panel {
        fill: colour::PANEL,
        frame: colour::FRAME,
        radius: 6.0,
    }];
    shapes.extend([0.0, 0.5, 1.0].map(|y| plot.level(y, pen(colour::GRID, 1.0))));
    shapes.extend(reduced.failed.iter().map(|span| plot.failed(*span)));
    let runs: Vec<Vec<Point>> = reduced
        .runs
        .iter()
        .map(|run| {
            run.iter()
                .filter_map(|(x, value)| plot.place(*x, *value))
                .collect()
        })
        .collect();
    shapes.extend(runs.iter().filter_map(|run| plot.area(run)));
    shapes.extend(chart.threshold().and_then(|value| plot.threshold(value)));
    shapes.extend(chart.marks.iter().flat_map(|at| plot.mark(share(chart, *at))));
    let is_current = chart.readings.last().is_some_and(|(_, value)| value.is_some());
    let last = runs
        .last()
        .and_then(|run| run.last().copied())
        .filter(|_| is_current);
    shapes.extend(runs.into_iter().map(line));
    shapes.extend(last.map(|middle| Shape::Dot {
        middle,
        radius: LAST,
        fill: colour::LINE,
    }));
    Drawing {
        width,
        height,
        shapes,
    }
}

fn pen(colour: Colour, width: f64) -> Pen {
    Pen {
        colour,
        width,
        is_dashed: false,
    }
}

/// A run of readings; a lone one is a dot.
fn line(points: Vec<Point>) -> Shape {
    match points[..] {
        [middle] => Shape::Dot {
            middle,
            radius: DOT,
            fill: colour::LINE,
        },
        _ => Shape::Line {
            points,
            pen: pen(colour::LINE, 2.0),
        },
    }
}

impl Plot {
    fn x(&self, share: f64) -> f64 {
        MARGIN + share * (self.width - 2.0 * MARGIN)
    }

    fn y(&self, share: f64) -> f64 {
        self.height - MARGIN - share * (self.height - 2.0 * MARGIN)
    }

    fn place(&self, x: f64, value: f64) -> Option<Point> {
        let share = self.scale?.share(value);
        share.is_finite().then(|| (self.x(x), self.y(share)))
    }

    /// A line from side to side.
    fn level(&self, share: f64, pen: Pen) -> Shape {
        let y = self.y(share);
        Shape::Line {
            points: vec![(self.x(0.0), y), (self.x(1.0), y)],
            pen,
        }
    }

    fn threshold(&self, value: f64) -> Option<Shape> {
        let share = self.scale?.share(value);
        let pen = Pen {
            is_dashed: true,
            ..pen(colour::THRESHOLD, 1.5)
        };
        Some(self.level(share, pen))
    }

    /// A line from top to bottom, which stands on a triangle.
    fn mark(&self, x: f64) -> [Shape; 2] {
        let (x, foot) = (self.x(x), self.y(0.0));
        let line = Shape::Line {
            points: vec![(x, self.y(1.0)), (x, foot)],
            pen: pen(colour::MARK, 1.0),
        };
        let triangle = Shape::Area {
            points: vec![(x, foot), (x - 4.5, foot + 7.0), (x + 4.5, foot + 7.0)],
            fill: colour::MARK,
        };
        [line, triangle]
    }

    fn failed(&self, (from, to): (f64, f64)) -> Shape {
        let bottom = self.y(0.0) + MARGIN / 2.0;
        Shape::Box {
            from: (self.x(from), bottom - FAILED),
            to: (self.x(to), bottom),
            fill: colour::FAILED,
        }
    }

    /// What is below a run.
    fn area(&self, run: &[Point]) -> Option<Shape> {
        let (first, last) = (run.first()?, run.last()?);
        let mut points = run.to_vec();
        points.extend([(last.0, self.y(0.0)), (first.0, self.y(0.0))]);
        (run.len() > 1).then_some(Shape::Area {
            points,
            fill: colour::AREA,
        })
    }
}
