//! The scenes, by what they show. Each is a function that paints a canvas from a random generator.

pub(crate) mod buildings;
pub(crate) mod castle;
pub(crate) mod coast;
pub(crate) mod creatures;
pub(crate) mod flora;
pub(crate) mod fruit;
mod glyphs;
mod hair;
pub(crate) mod house;
pub(crate) mod land;
pub(crate) mod lettering;
pub(crate) mod objects;
pub(crate) mod owl;
pub(crate) mod patterns;
pub(crate) mod plants;
pub(crate) mod portrait;
pub(crate) mod produce;
pub(crate) mod sea;
pub(crate) mod space;
pub(crate) mod storm;
pub(crate) mod tableware;
pub(crate) mod underwater;
pub(crate) mod weather;
