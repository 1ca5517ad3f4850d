//! A pane that is made up here gets all that the others have, and nothing else had to be changed for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{Event, Key, Ui, accesskit::Role};
use egui_kittest::{Harness, kittest::Queryable as _};
use ibq_core::tokens::{TokenFile, TokenGrid};

use super::{
    Studio,
    address::Address,
    app::all_panes,
    command::Command,
    context::{Context, Outbox},
    failure::Failure,
    graphics,
    host::PaneHost,
    icons::Icon,
    keys::{KeySection, line, plain},
    open_file::{Item, Kind},
    pane::Pane,
    task::TaskId,
};

/// A pane that counts.
#[derive(Default)]
struct Counter {
    count: u32,
    waiting: Option<TaskId>,
    broke: bool,
    tokens: usize,
}

enum Message {
    Count,
    Counted(u32),
    Wait,
    Waited,
    Fail,
    Failed(Failure),
    Break,
    Broken,
}

impl Pane for Counter {
    type Message = Message;

    fn name(&self) -> &'static str {
        "Counter"
    }

    fn icon(&self) -> Icon {
        Icon::Plus
    }

    fn keys(&self) -> Vec<KeySection<Message>> {
        let lines = vec![
            line("C", "Count one more", [(plain(Key::C), Message::Count)]),
            line("W", "Wait", [(plain(Key::W), Message::Wait)]),
            line("F", "Fail", [(plain(Key::F), Message::Fail)]),
            line("B", "Break", [(plain(Key::B), Message::Break)]),
        ];
        vec![KeySection { heading: "Counting", lines, note: None }]
    }

    fn accepts(&self, kind: Kind) -> bool {
        kind == Kind::Tokens
    }

    fn start(&mut self, address: &Address, _context: &mut Context<'_, Message>) {
        self.count = address.get("count").and_then(|count| count.parse().ok()).unwrap_or_default();
    }

    fn open(&mut self, item: Item, _context: &mut Context<'_, Message>) -> Option<TaskId> {
        if let Item::Tokens(read) = item {
            self.tokens = read.file.grids.len();
        }
        None
    }

    fn update(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Count => {
                let next = self.count + 1;
                context.tasks.start_quietly(move |_job| async move { Message::Counted(next) });
            }
            Message::Counted(count) => self.count = count,
            Message::Wait => {
                let task = context.tasks.start("Wait for the end", |job| async move {
                    while !job.is_cancelled() {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    Message::Waited
                });
                self.waiting = Some(task);
            }
            Message::Waited => self.waiting = None,
            Message::Fail => {
                let fail = || Failure::Failed("there is no number".to_owned());
                context.tasks.start("Fail", move |_job| async move { Message::Failed(fail()) });
            }
            Message::Failed(failure) => context.report("Nothing was counted", &failure),
            Message::Break => {
                let task = context.tasks.start("Break on purpose", |_job| async { panic!("on purpose") });
                self.waiting = Some(task);
            }
            Message::Broken => self.broke = true,
        }
    }

    fn show(&mut self, ui: &mut Ui, _context: &Context<'_, Message>, out: &mut Outbox<Message>) {
        ui.label(format!("The count is {}", self.count));
        ui.label(if self.waiting.is_some() { "It waits" } else { "It rests" });
        ui.label(if self.broke { "It broke" } else { "It is whole" });
        ui.label(format!("{} grids of tokens", self.tokens));
        if ui.button("Open tokens").clicked() {
            let grid = TokenGrid { rows: 1, cols: 1, tokens: vec![0] };
            let grids = vec![grid.clone(), grid];
            let file = TokenFile { grids, sizes: None, factor: None, codebook_size: None, model: None };
            out.ask(Command::Open(Item::Tokens(Box::new(file.into()))));
        }
        if ui.button("Say that it broke").clicked() {
            out.send(Message::Broken);
        }
    }

    fn task_failed(&mut self, task: TaskId) {
        self.broke |= self.waiting.take_if(|waiting| *waiting == task).is_some();
    }

    fn link(&self, address: &mut Address) {
        address.set("count", self.count.to_string());
    }
}

/// The studio with one pane more than it has.
fn studio() -> Harness<'static, Studio> {
    let mut setup = graphics().wgpu_setup;
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.native_adapter_selector = Some(Arc::new(|adapters, _| {
            let software = |adapter: &&wgpu::Adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu;
            adapters
                .iter()
                .find(software)
                .or(adapters.first())
                .cloned()
                .ok_or_else(|| "no adapter".to_owned())
        }));
    }
    Harness::builder().with_size(egui::vec2(1000.0, 700.0)).wgpu_setup(setup).build_eframe(|creation| {
        let mut panes = all_panes();
        panes.push(PaneHost::boxed(Counter::default()));
        let mut studio = Studio::with_panes(creation, panes);
        let address = [("count".to_owned(), "5".to_owned())].into_iter().collect();
        studio.panes.start(&address, &mut studio.services);
        studio
    })
}

/// Draws until a text or control of this name is there.
fn see(studio: &mut Harness<'static, Studio>, name: &str) {
    let started = Instant::now();
    while studio.query_all_by_label_contains(name).next().is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "waited in vain for {name}");
        std::thread::sleep(Duration::from_millis(5));
        studio.step();
    }
}

fn press(studio: &mut Harness<'static, Studio>, key: Key) {
    studio.key_press(key);
    studio.step();
    studio.step();
}

fn click(studio: &mut Harness<'static, Studio>, name: &str) {
    studio.get_by_label(name).click_accesskit();
    studio.step();
    studio.step();
}

#[test]
fn a_sixth_pane_has_navigation_keys_help_tasks_notices_cancelling_and_an_address() {
    let mut studio = studio();
    studio.step();

    // Its entry in the navigation, and the number key of its place.
    assert!(studio.query_by_role_and_label(Role::Tab, "Counter").is_some());
    assert!(studio.query_by_label("The count is 5").is_none());
    let numbers = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6];
    let place = studio.state().panes.tabs().iter().position(|tab| tab.name == "Counter").unwrap();
    press(&mut studio, numbers[place]);
    see(&mut studio, "The count is 5");

    // Its keys, in the help too.
    studio.event(Event::Text("?".to_owned()));
    see(&mut studio, "Counting");
    see(&mut studio, "Count one more");
    see(&mut studio, "1 2 3 4");
    press(&mut studio, Key::Escape);

    // A task's message reaches it, and the address follows.
    press(&mut studio, Key::C);
    see(&mut studio, "The count is 6");
    assert!(studio.state().link().contains(&("count".to_owned(), "6".to_owned())));

    // What fails is said.
    press(&mut studio, Key::F);
    see(&mut studio, "Nothing was counted");
    see(&mut studio, "There is no number.");

    // A task is in the list of jobs, and can be stopped there.
    press(&mut studio, Key::W);
    see(&mut studio, "It waits");
    click(&mut studio, "Jobs: 1 running");
    see(&mut studio, "Wait for the end");
    click(&mut studio, "Stop: Wait for the end");
    see(&mut studio, "It rests");
    press(&mut studio, Key::Escape);

    // A task that panics is said, and the pane waits no longer.
    press(&mut studio, Key::B);
    see(&mut studio, "Break on purpose: ended unexpectedly");
    see(&mut studio, "It broke");
    see(&mut studio, "It rests");

    // What it accepts comes to it while it is shown, though another pane accepts it, too.
    click(&mut studio, "Open tokens");
    see(&mut studio, "2 grids of tokens");
}

#[test]
fn a_lost_device_is_said_on_any_pane() {
    let mut studio = studio();
    studio.step();
    let pane = studio.state().panes.tabs().pop().unwrap().pane;
    studio.state_mut().services.commands.push(Command::Go(pane));
    studio.step();
    see(&mut studio, "The count is 5");
    studio.state_mut().report_lost_device("unplugged".to_owned());
    see(&mut studio, "The GPU was lost");
}
