//! Charts as they are drawn: what is in the SVG, that the PNG is one, and that no reading breaks either.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use chrono::{DateTime, TimeDelta, Utc};
use monitor_chart::{Chart, Range, Size};

const SIZE: Size = Size::new(536, 120);

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_425_160 + second, 0).unwrap()
}

fn hour(readings: impl IntoIterator<Item = (i64, Option<f64>)>) -> Chart {
    let readings = readings.into_iter().map(|(second, value)| (at(second), value));
    Chart::new(at(0), at(3_600), readings)
}

/// Width, height and the colours of the pixels, by another decoder than what wrote it.
fn decode(png: &[u8]) -> (u32, u32, Vec<[u8; 4]>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgba);
    let pixels = pixels.chunks_exact(4).map(|pixel| pixel.try_into().unwrap());
    (info.width, info.height, pixels.collect())
}

#[test]
fn an_hour_with_a_gap_a_threshold_and_an_alert() {
    let readings = (0..=12).map(|step| {
        (
            step * 300,
            (step != 5).then_some(if step > 9 { 131.0 } else { 90.0 }),
        )
    });
    let chart = hour(readings).with_threshold(Some(100.0)).with_mark(at(3_000));
    insta::assert_snapshot!(chart.svg(Size::new(240, 80)));
}

#[test]
fn a_png_has_its_size_and_its_colours() {
    let chart = hour([(0, Some(0.0)), (1_800, Some(50.0)), (3_600, Some(131.0))]).with_threshold(Some(100.0));
    let png = chart.png(SIZE).unwrap();
    let (width, height, pixels) = decode(&png);
    assert_eq!((width, height), (1_072, 240));
    let has = |colour: [u8; 4]| pixels.contains(&colour);
    assert_eq!(
        pixels[0][3], 0,
        "its corners are round: what is behind them shows"
    );
    assert!(has([0xf3, 0xf6, 0xfa, 255]), "the panel");
    assert!(has([0x1a, 0x5f, 0xb4, 255]), "the line");
    assert!(has([0xb3, 0x26, 0x1e, 255]), "the threshold");
    assert_eq!(
        chart.png(SIZE).unwrap(),
        png,
        "the same readings are the same picture"
    );
}

#[test]
fn the_size_is_kept_within_limits() {
    let chart = hour([(0, Some(1.0))]);
    for (width, height, density) in [(0, 0, 0), (u16::MAX, u16::MAX, u8::MAX)] {
        let size = Size {
            width,
            height,
            density,
        };
        let (width, height, _) = decode(&chart.png(size).unwrap());
        assert!((40..=2_400).contains(&width) && (30..=1_200).contains(&height));
    }
}

#[test]
fn however_restless_the_readings_are_the_picture_is_small() {
    let mut seed = 7_u32;
    let restless = (0..=3_600).map(|second| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (second, (!seed.is_multiple_of(11)).then_some(f64::from(seed >> 8)))
    });
    let chart = hour(restless.collect::<Vec<_>>())
        .with_threshold(Some(1e7))
        .with_mark(at(1_800));
    let (png, svg) = (chart.png(SIZE).unwrap(), chart.svg(SIZE));
    assert!(png.len() < 15_000, "{} bytes", png.len());
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
}

#[test]
fn no_reading_breaks_it() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -0.0,
        0.0,
        1e300,
        131.0,
    ];
    let mut charts = vec![
        hour([]),
        hour([(5, None)]),
        hour([(-5, Some(1.0)), (9_999, Some(1.0))]),
    ];
    charts.push(Chart::new(at(5), at(5), [(at(5), Some(1.0))]));
    charts.push(Chart::new(at(9), at(5), [(at(7), Some(1.0))]));
    for a in odd {
        charts.push(hour([(60, Some(a))]));
        for b in odd {
            for threshold in [f64::INFINITY, f64::MAX, 1.0] {
                let readings = [(60, Some(a)), (120, Some(b)), (180, None), (3_600, Some(a))];
                let chart = hour(readings).with_threshold(Some(threshold));
                charts.push(chart.with_gap_after(TimeDelta::seconds(60)).with_mark(at(120)));
            }
        }
    }
    let small = Size {
        width: 60,
        height: 30,
        density: 1,
    };
    for (number, chart) in charts.iter().enumerate() {
        let svg = chart.svg(small);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{chart:?}: {svg}");
        // Each value with some others: a PNG takes longer.
        if number % 7 == 0 {
            decode(&chart.png(small).unwrap());
        }
    }
}

#[test]
fn what_is_no_number_was_not_read() {
    let chart = hour([
        (0, Some(3.0)),
        (1, Some(f64::NAN)),
        (2, Some(f64::INFINITY)),
        (3, Some(2.0)),
        (4, None),
    ]);
    let range = Range {
        low: 2.0,
        high: 3.0,
        last: 2.0,
        is_current: false,
    };
    assert_eq!((chart.range(), chart.good_readings()), (Some(range), 2));
    assert_eq!(hour([(0, Some(f64::NAN)), (1, None)]).range(), None);
}

#[test]
fn readings_may_come_in_any_order_and_others_are_left_out() {
    let newest_first = hour([
        (9_000, Some(7.0)),
        (20, Some(2.0)),
        (10, Some(1.0)),
        (-1, Some(9.0)),
    ]);
    assert_eq!(newest_first, hour([(10, Some(1.0)), (20, Some(2.0))]));
}

#[test]
fn a_threshold_that_is_near_is_drawn_and_one_that_is_far_does_not_flatten_the_line() {
    let dashed = |values: [f64; 2], threshold: f64| {
        let chart = hour([(0, Some(values[0])), (3_600, Some(values[1]))]);
        chart
            .with_threshold(Some(threshold))
            .svg(SIZE)
            .contains("dasharray")
    };
    assert!(dashed([10.0, 20.0], 15.0));
    assert!(dashed([10.0, 20.0], 39.0));
    assert!(!dashed([10.0, 20.0], 1_000.0));
    assert!(dashed([5.0, 5.0], 1_000.0), "of a level line everything is near");
    assert!(!dashed([10.0, 20.0], f64::NAN));
}

#[test]
fn the_last_reading_is_a_dot_only_where_it_is_good() {
    let dots = |last: Option<f64>| {
        let chart = hour([(0, Some(1.0)), (1_000, Some(2.0)), (3_600, last)]);
        chart.svg(SIZE).matches("<circle").count()
    };
    assert_eq!((dots(Some(3.0)), dots(None)), (1, 0));
}
