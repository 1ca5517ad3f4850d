//! The list of panes, whichever they are: which one is shown, and what reaches which.

use egui::Ui;

use super::{
    address::Address,
    host::{HostedPane, PaneAccess, Services},
    keys::HelpSection,
    models::Slot,
    notice::Notice,
    open_file::{Item, Kind},
    owner::PaneId,
    pane::ModelInUse,
    shell::Tab,
    task::{Payload, TaskId},
};

/// All panes and which one is shown.
pub(crate) struct Panes {
    list: Vec<Box<dyn HostedPane>>,
    current: PaneId,
    /// The revision of the selection's input that the panes know.
    known_input: u64,
}

impl Panes {
    pub(crate) fn new(list: Vec<Box<dyn HostedPane>>) -> Self {
        Self { list, current: PaneId::default(), known_input: 0 }
    }

    /// The one that is shown.
    pub(crate) fn current(&self) -> PaneId {
        self.current
    }

    /// How many there are, whether they can be gone to or not.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Those that can be gone to.
    pub(crate) fn tabs(&self) -> Vec<Tab> {
        let available = self.list.iter().enumerate().filter(|(_, pane)| pane.available());
        available
            .map(|(index, pane)| Tab { pane: PaneId(index), name: pane.name(), icon: pane.icon() })
            .collect()
    }

    /// What the help says about their keys.
    pub(crate) fn help(&self) -> Vec<HelpSection> {
        self.list.iter().flat_map(|pane| pane.help()).collect()
    }

    /// The parameters of the address that repeat what they show.
    pub(crate) fn link(&self) -> Address {
        let mut address = Address::default();
        self.list.iter().for_each(|pane| pane.link(&mut address));
        address
    }

    /// The model that the shown pane works with.
    pub(crate) fn model_in_use(&self, services: &Services) -> ModelInUse {
        let pane = self.list.get(self.current.0);
        pane.map(|pane| pane.model_in_use(&services.shared.models)).unwrap_or_default()
    }

    /// Does something with one; nothing where there is none of this name.
    fn with<R>(
        &mut self,
        pane: PaneId,
        services: &mut Services,
        act: impl FnOnce(&mut dyn HostedPane, PaneAccess<'_>) -> R,
    ) -> Option<R> {
        self.list.get_mut(pane.0).map(|hosted| act(hosted.as_mut(), PaneAccess { services, pane }))
    }

    fn each(&mut self, services: &mut Services, mut act: impl FnMut(&mut dyn HostedPane, PaneAccess<'_>)) {
        for (index, hosted) in self.list.iter_mut().enumerate() {
            act(hosted.as_mut(), PaneAccess { services, pane: PaneId(index) });
        }
    }

    /// The program starts, with what the page's address says.
    pub(crate) fn start(&mut self, address: &Address, services: &mut Services) {
        self.each(services, |pane, access| pane.start(address, access));
    }

    /// Shows a pane.
    pub(crate) fn go(&mut self, pane: PaneId, services: &mut Services) {
        if pane.0 < self.list.len() {
            self.current = pane;
            self.with(pane, services, |pane, access| pane.enter(access));
        }
    }

    /// The pane that accepts what is of a kind: the one that is shown, or the first.
    pub(crate) fn accepting(&self, kind: Kind) -> Option<PaneId> {
        let accepts = |pane: &PaneId| self.list.get(pane.0).is_some_and(|pane| pane.accepts(kind));
        Some(self.current).filter(accepts).or_else(|| (0..self.list.len()).map(PaneId).find(accepts))
    }

    /// Gives something to the pane that accepts it. Returned is the task that loads it, where one does.
    pub(crate) fn open(&mut self, item: Item, services: &mut Services) -> Option<TaskId> {
        let Some(pane) = self.accepting(item.kind()) else {
            services.shared.notices.push(Notice::error("Nothing was opened", "no screen shows such a file"));
            return None;
        };
        self.with(pane, services, |pane, access| pane.open(item, access)).flatten()
    }

    /// A task of a pane has ended in this message.
    pub(crate) fn deliver(&mut self, pane: PaneId, message: Payload, services: &mut Services) {
        self.with(pane, services, |pane, access| pane.deliver(message, access));
    }

    /// A task of a pane ended without a result.
    pub(crate) fn task_failed(&mut self, pane: PaneId, task: TaskId) {
        if let Some(pane) = self.list.get_mut(pane.0) {
            pane.task_failed(task);
        }
    }

    /// The model of a slot is another one, or none.
    pub(crate) fn model_changed(&mut self, slot: Slot, services: &mut Services) {
        self.each(services, |pane, access| pane.model_changed(slot, access));
    }

    /// Says when another picture, or other tokens, have come to hand.
    pub(crate) fn follow_selection(&mut self, services: &mut Services) {
        let revision = services.shared.selection.revision();
        if revision != self.known_input {
            self.known_input = revision;
            self.each(services, |pane, access| pane.input_changed(access));
        }
    }

    /// A frame begins.
    pub(crate) fn begin_frame(&mut self, services: &mut Services) {
        let current = self.current;
        self.each(services, |pane, access| pane.begin_frame(access.pane == current, access));
    }

    /// The shown pane takes its keys out of the input.
    pub(crate) fn press_keys(&mut self, ui: &Ui, services: &mut Services) {
        self.with(self.current, services, |pane, access| pane.press_keys(ui, access));
    }

    /// Draws the shown pane. Returns whether it sent anything.
    pub(crate) fn show(&mut self, ui: &mut Ui, services: &mut Services) -> bool {
        self.with(self.current, services, |pane, access| pane.show(ui, access)).unwrap_or_default()
    }
}
