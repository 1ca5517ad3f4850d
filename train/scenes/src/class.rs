//! The classes and who paints them.

use crate::canvas::Canvas;
use crate::groups::{
    buildings, castle, coast, creatures, flora, fruit, house, land, lettering, objects, owl, patterns,
    plants, portrait, produce, sea, space, storm, tableware, underwater, weather,
};
use crate::rng::Rng;

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $paint:path;)*) => {
        /// What a picture shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class {
            $($(#[$doc])* $variant,)*
        }

        impl Class {
            /// Every class, in the order of [`Class::index`].
            pub const ALL: &'static [Class] = &[$(Class::$variant,)*];

            /// The class in lower-case English, with a hyphen between words; also the name of its folder in a data set.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Class::$variant => $name,)*
                }
            }

            /// Paints a scene of this class.
            pub(crate) fn paint(self, canvas: &mut Canvas, rng: &mut Rng) {
                match self {
                    $(Class::$variant => $paint(canvas, rng),)*
                }
            }
        }
    };
}

classes! {
    /// The sun going down over the open sea.
    Sunset, "sunset", sea::sunset;
    /// A sailing boat by day.
    Sailboat, "sailboat", sea::sailboat;
    /// A lighthouse on a rock above the sea.
    Lighthouse, "lighthouse", coast::lighthouse;
    /// A sandy beach with palms.
    Beach, "beach", coast::beach;
    /// Snowy peaks above a valley.
    Mountains, "mountains", land::mountains;
    /// Dunes under a hot sky.
    Desert, "desert", land::desert;
    /// A clear night with moon and stars over hills.
    Night, "night", land::night;
    /// A misty forest with shafts of light.
    Forest, "forest", weather::forest;
    /// A volcano throwing out lava.
    Volcano, "volcano", weather::volcano;
    /// A waterfall between cliffs.
    Waterfall, "waterfall", weather::waterfall;
    /// Lightning over a dark plain.
    Lightning, "lightning", storm::lightning;
    /// A rainbow over a green plain.
    Rainbow, "rainbow", storm::rainbow;
    /// A planet in space, mostly with rings.
    Planet, "planet", space::planet;
    /// A spiral galaxy.
    Galaxy, "galaxy", space::galaxy;
    /// Apples on a table.
    Apple, "apple", fruit::apple;
    /// Oranges, whole and cut.
    Orange, "orange", fruit::orange;
    /// Strawberries, whole, on a table.
    Strawberry, "strawberry", produce::strawberry;
    /// Slices of watermelon.
    Watermelon, "watermelon", produce::watermelon;
    /// A single broad tree on a meadow.
    Tree, "tree", flora::tree;
    /// One large blossom.
    Flower, "flower", flora::flower;
    /// A field of tulips in rows.
    Tulips, "tulips", plants::tulips;
    /// Toadstools in a wood.
    Mushroom, "mushroom", plants::mushroom;
    /// A saguaro cactus in stony country.
    Cactus, "cactus", plants::cactus;
    /// A cottage with a garden.
    House, "house", house::house;
    /// A city by the water with its windows alight.
    Skyline, "skyline", buildings::skyline;
    /// A windmill in the fields.
    Windmill, "windmill", buildings::windmill;
    /// A castle with towers on a hill.
    Castle, "castle", castle::castle;
    /// A fish above a reef.
    Fish, "fish", underwater::fish;
    /// Glowing jellyfish in the deep.
    Jellyfish, "jellyfish", underwater::jellyfish;
    /// A butterfly with open wings.
    Butterfly, "butterfly", creatures::butterfly;
    /// A ladybird on a leaf.
    Ladybird, "ladybird", creatures::ladybird;
    /// An owl on a branch.
    Owl, "owl", owl::owl;
    /// A painted portrait.
    Face, "face", portrait::face;
    /// Hot-air balloons over rolling land.
    Balloon, "balloon", objects::balloon;
    /// Candles burning in the dark.
    Candle, "candle", objects::candle;
    /// A wall clock.
    Clock, "clock", objects::clock;
    /// A steaming cup on its saucer.
    Cup, "cup", tableware::cup;
    /// A brick wall.
    Bricks, "bricks", patterns::bricks;
    /// Tartan cloth.
    Tartan, "tartan", patterns::tartan;
    /// A stained-glass window.
    StainedGlass, "stained-glass", patterns::stained_glass;
    /// Words in large letters.
    Text, "text", lettering::text;
}

impl Class {
    /// The place of this class in [`Class::ALL`]: the label a classifier or a class-conditional model uses.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The class of a name as [`Class::name`] gives it.
    pub fn from_name(name: &str) -> Option<Class> {
        Class::ALL.iter().copied().find(|class| class.name() == name)
    }
}
