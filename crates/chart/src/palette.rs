//! The few colours of a picture. What is drawn has some ten; where they meet they blend into hundreds, which nobody can
//! tell apart.

use std::collections::HashMap;

/// How many colours are kept: enough that no edge is visibly rough.
const COLOURS: usize = 48;

/// Red, green, blue and opacity.
type Pixel = [u8; 4];

pub(crate) struct Palette {
    pub(crate) colours: Vec<Pixel>,
}

impl Palette {
    /// The most frequent colours. The same pixels have the same palette.
    pub(crate) fn of(pixels: &[Pixel]) -> Palette {
        let mut counts: HashMap<Pixel, usize> = HashMap::new();
        for (pixel, count) in runs(pixels) {
            *counts.entry(pixel).or_default() += count;
        }
        let mut colours: Vec<(Pixel, usize)> = counts.into_iter().collect();
        colours.sort_unstable_by_key(|(pixel, count)| (usize::MAX - count, *pixel));
        colours.truncate(COLOURS);
        Palette {
            colours: colours.into_iter().map(|(pixel, _)| pixel).collect(),
        }
    }

    /// The number of the nearest colour of each pixel.
    pub(crate) fn indices(&self, pixels: &[Pixel]) -> Vec<u8> {
        let mut known: HashMap<Pixel, u8> = HashMap::new();
        let mut indices = Vec::with_capacity(pixels.len());
        for (pixel, count) in runs(pixels) {
            let index = *known.entry(pixel).or_insert_with(|| self.nearest(pixel));
            indices.resize(indices.len() + count, index);
        }
        indices
    }

    fn nearest(&self, pixel: Pixel) -> u8 {
        let numbered = (0_u8..).zip(&self.colours);
        let nearest = numbered.min_by_key(|(_, colour)| distance(**colour, pixel));
        nearest.map_or(0, |(number, _)| number)
    }
}

/// Equal pixels side by side, and how many they are: most of a picture.
fn runs(pixels: &[Pixel]) -> impl Iterator<Item = (Pixel, usize)> {
    pixels.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()))
}

fn distance(a: Pixel, b: Pixel) -> u32 {
    let channels = a.into_iter().zip(b);
    channels.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequent_colours_stay_and_the_others_become_the_nearest() {
        let mut pixels = vec![[255, 255, 255, 255]; 1_000];
        pixels.extend([[26, 95, 180, 255]; 100]);
        pixels.extend((0..200).map(|grey| [grey, grey, grey, 255]));
        let palette = Palette::of(&pixels);
        assert_eq!(palette.colours.len(), COLOURS);
        let indices = palette.indices(&pixels);
        assert_eq!(indices.len(), pixels.len());
        assert_eq!(palette.colours[usize::from(indices[0])], [255, 255, 255, 255]);
        assert_eq!(palette.colours[usize::from(indices[1_000])], [26, 95, 180, 255]);
        assert!(indices.iter().all(|index| usize::from(*index) < COLOURS));
    }

    #[test]
    fn no_pixel_is_no_colour() {
        let palette = Palette::of(&[]);
        assert!(palette.colours.is_empty() && palette.indices(&[]).is_empty());
    }
}
