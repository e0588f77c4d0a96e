//! Rotation by quarter turns and mirroring, for cameras that are mounted sideways or upside down.
//! The pictures are not changed: they carry an orientation that viewers apply.

/// How to rotate and mirror pictures for display, after what their own orientation says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rotation {
    /// Quarter turns clockwise, 0 to 3.
    pub quarters: u8,
    /// Whether left and right are exchanged after the rotation.
    pub mirrored: bool,
}

impl Rotation {
    /// The orientation, 1 to 8 as Exif numbers it, to display a picture whose own one is
    /// `orientation`.
    pub fn of(self, orientation: u8) -> u8 {
        // Each of the eight is a picture, mirrored or not, that is then rotated clockwise.
        let (mirrored, quarters) = match orientation {
            2 => (true, 0),
            3 => (false, 2),
            4 => (true, 2),
            5 => (true, 3),
            6 => (false, 1),
            7 => (true, 1),
            8 => (false, 3),
            _ => (false, 0),
        };
        let quarters = (quarters + self.quarters) % 4;
        // Mirroring a rotated picture equals rotating the mirrored picture the other way.
        let (mirrored, quarters) = match self.mirrored {
            true => (!mirrored, (4 - quarters) % 4),
            false => (mirrored, quarters),
        };
        match (mirrored, quarters) {
            (false, 1) => 6,
            (false, 2) => 3,
            (false, 3) => 8,
            (true, 0) => 2,
            (true, 1) => 7,
            (true, 2) => 4,
            (true, 3) => 5,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corners of a picture `AB/CD` as they are shown by Exif's rules.
    fn shown(orientation: u8) -> [char; 4] {
        match orientation {
            1 => ['A', 'B', 'C', 'D'],
            2 => ['B', 'A', 'D', 'C'],
            3 => ['D', 'C', 'B', 'A'],
            4 => ['C', 'D', 'A', 'B'],
            5 => ['A', 'C', 'B', 'D'],
            6 => ['C', 'A', 'D', 'B'],
            7 => ['D', 'B', 'C', 'A'],
            8 => ['B', 'D', 'A', 'C'],
            other => panic!("{other}"),
        }
    }

    #[test]
    fn turns_and_mirrors_move_the_corners_as_they_should() {
        for orientation in 1..=8 {
            for quarters in 0..4 {
                for mirrored in [false, true] {
                    let mut wanted = shown(orientation);
                    for _ in 0..quarters {
                        let [a, b, c, d] = wanted;
                        wanted = [c, a, d, b];
                    }
                    if mirrored {
                        let [a, b, c, d] = wanted;
                        wanted = [b, a, d, c];
                    }
                    let turn = Rotation { quarters, mirrored };
                    let seen = shown(turn.of(orientation));
                    assert_eq!(seen, wanted, "{orientation} {turn:?}");
                }
            }
        }
        assert_eq!(Rotation::default().of(0), 1, "no orientation");
    }
}
