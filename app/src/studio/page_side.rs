//! What the page around the canvas gives the studio, and what the studio reports to it.

use std::{cell::RefCell, rc::Rc};

use super::{address::Address, notice::Notice, open_file::Content};

/// Files that the page sends, read.
pub(crate) type Inbox = Rc<RefCell<Vec<Result<Content, Notice>>>>;

/// The page, as the studio sees it.
#[derive(Default)]
pub(crate) struct PageSide {
    inbox: Inbox,
    /// Called with a text when nothing can be drawn any more.
    stopped: Option<js_sys::Function>,
    /// What the address says of what is shown.
    link: Address,
}

impl PageSide {
    pub(crate) fn new(inbox: Inbox, stopped: js_sys::Function) -> Self {
        Self { inbox, stopped: Some(stopped), link: Address::default() }
    }

    /// What the page has sent.
    pub(crate) fn take_inbox(&self) -> Vec<Result<Content, Notice>> {
        self.inbox.take()
    }

    /// Says that nothing can be drawn any more.
    pub(crate) fn report_stop(&self, reason: &str) {
        if let Some(stopped) = &self.stopped {
            // The page shows this text instead of the canvas; there is nobody else to tell.
            let _ = stopped.call1(&wasm_bindgen::JsValue::NULL, &reason.into());
        }
    }

    /// Makes the page's address repeat what is shown, so that it can be kept and sent.
    pub(crate) fn follow(&mut self, link: &Address) {
        if *link != self.link {
            self.link.clone_from(link);
            if crate::web::address::set_parameters(link.parameters()).is_err() {
                log::warn!("the page's address could not be changed to that of what is shown");
            }
        }
    }
}
