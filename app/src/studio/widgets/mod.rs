//! Small controls that the screens share.

mod button;
mod card;
mod dialog;
mod number;
mod segmented;

pub(crate) use button::{icon_button, icon_toggle, primary_button, text_button};
pub(crate) use card::{card, hint, subtitle};
pub(crate) use dialog::dialog;
pub(crate) use number::{Number, numbers};
pub(crate) use segmented::segmented;
