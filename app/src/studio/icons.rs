//! The icons, drawn with lines so that they are sharp at any size and take the color of the text beside them.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2};

/// A picture on a button. The grid of the coordinates below is 24 × 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// A picture beside its tokens: the Reconstruct screen.
    Reconstruct,
    /// A picture that is half there: the Generate screen.
    Generate,
    Star,
    /// A map with heights.
    Map,
    /// A chip: the System screen.
    System,
    Sun,
    Moon,
    HalfMoon,
    Help,
    Log,
    Jobs,
    Open,
    Camera,
    Save,
    Copy,
    Close,
    Undo,
    Redo,
    Grid,
    Plus,
    Minus,
    Fit,
    Warning,
    Info,
    Cube,
    Shuffle,
    Reset,
    ChevronDown,
}

enum Stroked {
    Line(&'static [(f32, f32)]),
    Closed(&'static [(f32, f32)]),
    Circle((f32, f32), f32),
    Dot((f32, f32), f32),
}

impl Icon {
    fn strokes(self) -> &'static [Stroked] {
        use Stroked::{Circle, Closed, Dot, Line};
        match self {
            Self::Reconstruct => &[
                Closed(&[(3.0, 5.0), (21.0, 5.0), (21.0, 19.0), (3.0, 19.0)]),
                Line(&[(12.0, 5.0), (12.0, 19.0)]),
                Line(&[(12.0, 12.0), (21.0, 12.0)]),
                Line(&[(16.5, 5.0), (16.5, 19.0)]),
                Line(&[(3.0, 16.0), (6.5, 11.5), (9.0, 14.5), (12.0, 11.0)]),
            ],
            Self::Generate => &[
                Line(&[(3.0, 13.0), (3.0, 4.0), (21.0, 4.0), (21.0, 13.0)]),
                Line(&[(3.0, 13.0), (12.0, 13.0), (12.0, 8.5), (21.0, 8.5)]),
                Line(&[(12.0, 13.0), (12.0, 17.5), (3.0, 17.5), (3.0, 13.0)]),
                Line(&[(7.5, 4.0), (7.5, 13.0)]),
                Line(&[(18.0, 14.0), (18.0, 21.0)]),
                Line(&[(14.5, 17.5), (21.5, 17.5)]),
            ],
            Self::Star => &[Closed(&[
                (12.0, 3.5),
                (14.6, 9.0),
                (20.6, 9.8),
                (16.2, 14.0),
                (17.3, 20.0),
                (12.0, 17.1),
                (6.7, 20.0),
                (7.8, 14.0),
                (3.4, 9.8),
                (9.4, 9.0),
            ])],
            Self::Map => &[
                Closed(&[(4.0, 4.0), (20.0, 4.0), (20.0, 20.0), (4.0, 20.0)]),
                Circle((12.0, 12.0), 5.5),
                Circle((12.0, 12.0), 2.2),
            ],
            Self::System => &[
                Closed(&[(6.0, 6.0), (18.0, 6.0), (18.0, 18.0), (6.0, 18.0)]),
                Closed(&[(10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0)]),
                Line(&[(9.5, 2.5), (9.5, 6.0)]),
                Line(&[(14.5, 2.5), (14.5, 6.0)]),
                Line(&[(9.5, 18.0), (9.5, 21.5)]),
                Line(&[(14.5, 18.0), (14.5, 21.5)]),
                Line(&[(2.5, 9.5), (6.0, 9.5)]),
                Line(&[(2.5, 14.5), (6.0, 14.5)]),
                Line(&[(18.0, 9.5), (21.5, 9.5)]),
                Line(&[(18.0, 14.5), (21.5, 14.5)]),
            ],
            Self::Sun => &[
                Circle((12.0, 12.0), 4.0),
                Line(&[(12.0, 2.5), (12.0, 5.0)]),
                Line(&[(12.0, 19.0), (12.0, 21.5)]),
                Line(&[(2.5, 12.0), (5.0, 12.0)]),
                Line(&[(19.0, 12.0), (21.5, 12.0)]),
                Line(&[(5.3, 5.3), (7.0, 7.0)]),
                Line(&[(17.0, 17.0), (18.7, 18.7)]),
                Line(&[(5.3, 18.7), (7.0, 17.0)]),
                Line(&[(17.0, 7.0), (18.7, 5.3)]),
            ],
            Self::Moon => &[Closed(&[
                (12.0, 3.5),
                (8.5, 4.7),
                (5.5, 7.5),
                (4.2, 11.5),
                (4.8, 15.5),
                (7.3, 18.8),
                (11.0, 20.4),
                (15.0, 20.1),
                (18.4, 18.0),
                (20.3, 14.4),
                (17.0, 15.2),
                (13.5, 14.4),
                (11.0, 12.0),
                (10.2, 8.6),
                (10.9, 5.6),
            ])],
            Self::HalfMoon => &[
                Circle((12.0, 12.0), 8.0),
                Line(&[(12.0, 4.0), (12.0, 20.0)]),
                Line(&[(15.0, 5.5), (15.0, 18.5)]),
                Line(&[(17.5, 7.5), (17.5, 16.5)]),
            ],
            Self::Help => &[
                Circle((12.0, 12.0), 9.0),
                Line(&[
                    (9.2, 9.6),
                    (9.8, 7.9),
                    (11.3, 7.0),
                    (13.2, 7.1),
                    (14.6, 8.4),
                    (14.7, 10.1),
                    (13.6, 11.5),
                    (12.4, 12.3),
                    (12.0, 13.8),
                ]),
                Dot((12.0, 16.8), 1.1),
            ],
            Self::Log => &[
                Line(&[(4.0, 6.0), (14.0, 6.0)]),
                Line(&[(4.0, 10.0), (20.0, 10.0)]),
                Line(&[(4.0, 14.0), (12.0, 14.0)]),
                Line(&[(4.0, 18.0), (17.0, 18.0)]),
            ],
            Self::Jobs => &[Circle((12.0, 12.0), 9.0), Line(&[(12.0, 7.0), (12.0, 12.0), (15.5, 14.0)])],
            Self::Open => {
                &[Closed(&[(3.0, 6.0), (9.5, 6.0), (11.5, 8.5), (21.0, 8.5), (21.0, 19.0), (3.0, 19.0)])]
            }
            Self::Camera => &[
                Closed(&[
                    (3.0, 7.5),
                    (7.5, 7.5),
                    (9.0, 5.0),
                    (15.0, 5.0),
                    (16.5, 7.5),
                    (21.0, 7.5),
                    (21.0, 19.0),
                    (3.0, 19.0),
                ]),
                Circle((12.0, 13.0), 3.6),
            ],
            Self::Save => &[
                Line(&[(12.0, 3.5), (12.0, 15.0)]),
                Line(&[(7.5, 10.5), (12.0, 15.0), (16.5, 10.5)]),
                Line(&[(4.0, 16.0), (4.0, 20.0), (20.0, 20.0), (20.0, 16.0)]),
            ],
            Self::Copy => &[
                Closed(&[(8.5, 8.5), (20.0, 8.5), (20.0, 20.0), (8.5, 20.0)]),
                Line(&[(5.0, 15.5), (4.0, 15.5), (4.0, 4.0), (15.5, 4.0), (15.5, 5.0)]),
            ],
            Self::Close => &[Line(&[(6.0, 6.0), (18.0, 18.0)]), Line(&[(18.0, 6.0), (6.0, 18.0)])],
            Self::Undo => &[
                Line(&[(8.5, 4.5), (4.0, 9.0), (8.5, 13.5)]),
                Line(&[
                    (4.0, 9.0),
                    (14.5, 9.0),
                    (17.8, 10.2),
                    (19.8, 13.0),
                    (19.6, 16.3),
                    (17.4, 18.8),
                    (14.5, 19.5),
                    (10.0, 19.5),
                ]),
            ],
            Self::Redo => &[
                Line(&[(15.5, 4.5), (20.0, 9.0), (15.5, 13.5)]),
                Line(&[
                    (20.0, 9.0),
                    (9.5, 9.0),
                    (6.2, 10.2),
                    (4.2, 13.0),
                    (4.4, 16.3),
                    (6.6, 18.8),
                    (9.5, 19.5),
                    (14.0, 19.5),
                ]),
            ],
            Self::Grid => &[
                Closed(&[(4.0, 4.0), (20.0, 4.0), (20.0, 20.0), (4.0, 20.0)]),
                Line(&[(9.3, 4.0), (9.3, 20.0)]),
                Line(&[(14.7, 4.0), (14.7, 20.0)]),
                Line(&[(4.0, 9.3), (20.0, 9.3)]),
                Line(&[(4.0, 14.7), (20.0, 14.7)]),
            ],
            Self::Plus => &[Line(&[(12.0, 5.0), (12.0, 19.0)]), Line(&[(5.0, 12.0), (19.0, 12.0)])],
            Self::Minus => &[Line(&[(5.0, 12.0), (19.0, 12.0)])],
            Self::Fit => &[
                Line(&[(4.0, 9.0), (4.0, 4.0), (9.0, 4.0)]),
                Line(&[(15.0, 4.0), (20.0, 4.0), (20.0, 9.0)]),
                Line(&[(20.0, 15.0), (20.0, 20.0), (15.0, 20.0)]),
                Line(&[(9.0, 20.0), (4.0, 20.0), (4.0, 15.0)]),
            ],
            Self::Warning => &[
                Closed(&[(12.0, 4.0), (21.5, 20.0), (2.5, 20.0)]),
                Line(&[(12.0, 10.0), (12.0, 14.5)]),
                Dot((12.0, 17.2), 1.1),
            ],
            Self::Info => {
                &[Circle((12.0, 12.0), 9.0), Line(&[(12.0, 11.0), (12.0, 16.5)]), Dot((12.0, 7.8), 1.1)]
            }
            Self::Cube => &[
                Closed(&[(12.0, 3.0), (20.0, 7.5), (20.0, 16.5), (12.0, 21.0), (4.0, 16.5), (4.0, 7.5)]),
                Line(&[(4.0, 7.5), (12.0, 12.0), (20.0, 7.5)]),
                Line(&[(12.0, 12.0), (12.0, 21.0)]),
            ],
            Self::Shuffle => &[
                Line(&[(3.5, 7.0), (7.5, 7.0), (15.5, 17.0), (20.0, 17.0)]),
                Line(&[(3.5, 17.0), (7.5, 17.0), (9.5, 14.5)]),
                Line(&[(13.5, 9.5), (15.5, 7.0), (20.0, 7.0)]),
                Line(&[(17.0, 4.0), (20.0, 7.0), (17.0, 10.0)]),
                Line(&[(17.0, 14.0), (20.0, 17.0), (17.0, 20.0)]),
            ],
            Self::Reset => &[
                Line(&[(4.5, 4.5), (4.5, 9.5), (9.5, 9.5)]),
                Line(&[
                    (4.5, 9.5),
                    (7.0, 6.2),
                    (11.0, 4.6),
                    (15.2, 5.2),
                    (18.5, 8.0),
                    (19.8, 12.0),
                    (18.8, 16.0),
                    (15.9, 19.0),
                    (11.8, 20.0),
                    (7.8, 18.8),
                    (5.2, 15.8),
                ]),
            ],
            Self::ChevronDown => &[Line(&[(6.0, 9.5), (12.0, 15.5), (18.0, 9.5)])],
        }
    }

    /// Draws the icon in a square around the middle of `rect`, `side` points wide.
    pub(crate) fn paint(self, painter: &Painter, rect: Rect, side: f32, color: Color32) {
        let square = Rect::from_center_size(rect.center(), Vec2::splat(side));
        let scale = side / 24.0;
        let place = |&(x, y): &(f32, f32)| -> Pos2 { square.min + pos2(x, y).to_vec2() * scale };
        let stroke = Stroke::new((scale * 1.7).max(1.2), color);
        for part in self.strokes() {
            painter.add(match part {
                Stroked::Line(points) => Shape::line(points.iter().map(place).collect(), stroke),
                Stroked::Closed(points) => Shape::closed_line(points.iter().map(place).collect(), stroke),
                Stroked::Circle(center, radius) => {
                    Shape::circle_stroke(place(center), radius * scale, stroke)
                }
                Stroked::Dot(center, radius) => Shape::circle_filled(place(center), radius * scale, color),
            });
        }
    }
}
