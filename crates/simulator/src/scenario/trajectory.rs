//! How the three totals move, as a pure function of a seed and the time that passed.

use std::f64::consts::TAU;
use std::time::Duration;

/// Paces of the lively beginning, in which a newcomer wants to see something happen.
const LIVELY: f64 = 30.0;

/// The middle of Z's waves; with the swings below they go over 100 and under 90.
const Z_MIDDLE: f64 = 72.0;

/// The length of Z's waves in the beginning, in paces: over 100 for about three readings, then under 90 for seven.
const Z_FIRST_WAVE: f64 = 11.0;

/// The totals at a moment; whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// Rises irregularly, and sometimes falls.
    pub x: f64,
    /// The same, later and slower.
    pub y: f64,
    /// Goes in waves over 100 and back under 90.
    pub z: f64,
}

/// The course of x, y and z over time. Time counts in paces: a pace is as long as the worker takes from reading to reading.
#[derive(Clone, Debug)]
pub struct Trajectory {
    random: fastrand::Rng,
    pace: Duration,
    now: f64,
    x: Walk,
    y: Walk,
    z: Wave,
}

/// Something that is counted: steps up by 1 to 3, one in four down by 1 or 2.
#[derive(Clone, Copy, Debug)]
struct Walk {
    value: i64,
    next_step: f64,
    steps: u32,
}

#[derive(Clone, Copy, Debug)]
struct Wave {
    begin: f64,
    length: f64,
    swing: f64,
}

impl Trajectory {
    /// The trajectory of this seed, at its beginning. A pace of zero is taken for a millisecond.
    pub fn new(seed: u64, pace: Duration) -> Trajectory {
        Trajectory {
            random: fastrand::Rng::with_seed(seed),
            pace: pace.max(Duration::from_millis(1)),
            now: 0.0,
            x: Walk {
                value: 3,
                next_step: 2.0,
                steps: 0,
            },
            y: Walk {
                value: 1,
                next_step: 4.0,
                steps: 0,
            },
            z: Wave {
                begin: 0.0,
                length: Z_FIRST_WAVE,
                swing: 44.0,
            },
        }
    }

    /// Goes on by `d`.
    pub fn advance(&mut self, d: Duration) {
        self.now += d.as_secs_f64() / self.pace.as_secs_f64();
        // What is due in time order, so that the same seed gives the same values in steps of any length.
        loop {
            let wave_end = self.z.begin + self.z.length;
            let next = self.x.next_step.min(self.y.next_step).min(wave_end);
            if next > self.now {
                return;
            }
            if next == self.x.next_step {
                self.x.step(&mut self.random, 1.0);
            } else if next == self.y.next_step {
                self.y.step(&mut self.random, 1.5);
            } else {
                self.z = Wave::after(wave_end, &mut self.random);
            }
        }
    }

    /// The totals now.
    pub fn values(&self) -> Values {
        let phase = (self.now - self.z.begin) / self.z.length;
        let z = (Z_MIDDLE + self.z.swing * (phase * TAU).sin()).round();
        Values {
            x: self.x.value as f64,
            y: self.y.value as f64,
            z,
        }
    }
}

impl Walk {
    fn step(&mut self, random: &mut fastrand::Rng, slowness: f64) {
        let down = self.steps > 0 && random.u8(..4) == 0;
        let change = if down {
            -random.i64(1..=2)
        } else {
            random.i64(1..=3)
        };
        self.value = (self.value + change).max(0);
        self.steps += 1;
        let pause = if self.next_step < LIVELY {
            2.0 + random.f64() * 3.0
        } else {
            8.0 + random.f64() * 17.0
        };
        self.next_step += pause * slowness;
    }
}

impl Wave {
    fn after(begin: f64, random: &mut fastrand::Rng) -> Wave {
        let length = if begin < LIVELY {
            Z_FIRST_WAVE
        } else {
            30.0 + random.f64() * 30.0
        };
        Wave {
            begin,
            length,
            swing: 36.0 + random.f64() * 14.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Duration = Duration::from_secs(2);

    /// The values at each reading of a worker that starts somewhere between two steps.
    fn readings(seed: u64, offset_ms: u64, count: usize) -> Vec<Values> {
        let mut trajectory = Trajectory::new(seed, PACE);
        trajectory.advance(Duration::from_millis(offset_ms));
        let mut read = Vec::new();
        for _ in 0..count {
            read.push(trajectory.values());
            trajectory.advance(PACE);
        }
        read
    }

    #[test]
    fn within_fifteen_seconds_all_alert_and_z_recovers_whatever_the_seed() {
        for seed in 0..200 {
            for offset in [0, 500, 1_000, 1_999] {
                let read = readings(seed, offset, 8);
                let rises = |of: fn(&Values) -> f64| read.windows(2).any(|two| of(&two[1]) > of(&two[0]));
                assert!(
                    rises(|values| values.x) && rises(|values| values.y),
                    "seed {seed} + {offset} ms: {read:?}"
                );
                let over = read
                    .iter()
                    .position(|values| values.z > 100.0)
                    .expect("over the threshold");
                assert!(
                    read[over..].iter().any(|values| values.z < 90.0),
                    "seed {seed} + {offset} ms: {read:?}"
                );
            }
        }
    }

    #[test]
    fn it_goes_on_and_stays_within_reason() {
        let read = readings(7, 0, 2_000);
        assert!(
            read.iter()
                .all(|values| values.x >= 0.0 && values.y >= 0.0 && (20.0..=125.0).contains(&values.z))
        );
        let late = &read[1_000..];
        assert!(
            late.windows(2).any(|two| two[1].x > two[0].x) && late.windows(2).any(|two| two[1].x < two[0].x)
        );
        assert!(late.iter().any(|values| values.z > 100.0) && late.iter().any(|values| values.z < 90.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_values_in_steps_of_any_length() {
        let (mut small, mut large) = (Trajectory::new(5, PACE), Trajectory::new(5, PACE));
        for _ in 0..400 {
            small.advance(Duration::from_millis(250));
        }
        large.advance(Duration::from_secs(100));
        assert_eq!(small.values(), large.values());
        assert_ne!(readings(5, 0, 100), readings(6, 0, 100));
    }
}
