//! The studio's controls as elements of the page, for screen readers: egui draws on a canvas, which says nothing to them.
//!
//! egui describes every frame as an AccessKit tree. This plugin keeps one transparent element per named control at the control's
//! place, with its role, name, value and state, and gives clicks on such an element back to egui. The mouse goes through
//! the elements to the canvas.

mod aria_element;

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use egui::{
    Context, Event, FullOutput, Plugin, RawInput,
    accesskit::{Action, ActionRequest, Node, NodeId, TreeId, TreeUpdate},
};
use wasm_bindgen::{JsCast, prelude::*};

use aria_element::AriaElement;

/// Clicks that egui has not seen yet.
type Requests = Arc<Mutex<Vec<ActionRequest>>>;

thread_local! {
    /// The elements. DOM objects belong to their thread, and a plugin must be able to leave it.
    static ELEMENTS: RefCell<Option<Elements>> = const { RefCell::new(None) };
}

/// The plugin; give it to egui once.
pub struct Mirror {
    requests: Requests,
}

impl Mirror {
    /// Keeps the elements in the element that the canvas names in `aria-owns`; none where it names none.
    #[must_use]
    pub fn over(canvas: &web_sys::Element) -> Option<Self> {
        let container = canvas.owner_document()?.get_element_by_id(&canvas.get_attribute("aria-owns")?)?;
        let elements =
            Elements { canvas: canvas.clone(), container, shown: HashMap::new(), order: Vec::new() };
        ELEMENTS.with_borrow_mut(|slot| *slot = Some(elements));
        Some(Self { requests: Requests::default() })
    }
}

/// Puts clicks on the elements where the plugin finds them.
fn listen(container: &web_sys::Element, requests: Requests, ctx: Context) -> Result<(), JsValue> {
    let listener = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if let Some(node) = target.and_then(|element| aria_element::node_of(&element.id())) {
            let request = ActionRequest {
                action: Action::Click,
                target_tree: TreeId::ROOT,
                target_node: node,
                data: None,
            };
            requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            ctx.request_repaint();
        }
    });
    container.add_event_listener_with_callback("click", listener.as_ref().unchecked_ref())?;
    // The listener lives as long as the page.
    listener.forget();
    Ok(())
}

impl Plugin for Mirror {
    fn debug_name(&self) -> &'static str {
        "accessible mirror"
    }

    fn setup(&mut self, ctx: &Context) {
        ctx.enable_accesskit();
        ELEMENTS.with_borrow(|slot| {
            if let Some(elements) = slot
                && let Err(error) = listen(&elements.container, self.requests.clone(), ctx.clone())
            {
                log::warn!("screen readers cannot click: {error:?}");
            }
        });
    }

    fn input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        input.events.extend(requests.drain(..).map(Event::AccessKitActionRequest));
    }

    fn output_hook(&mut self, ctx: &Context, output: &mut FullOutput) {
        let Some(update) = output.platform_output.accesskit_update.take() else { return };
        let zoom = f64::from(ctx.zoom_factor());
        ELEMENTS.with_borrow_mut(|slot| {
            if let Some(elements) = slot
                && let Err(error) = elements.show(&update, zoom)
            {
                log::warn!("the accessible mirror is behind: {error:?}");
            }
        });
    }
}

/// The elements of the page and what they say.
struct Elements {
    canvas: web_sys::Element,
    container: web_sys::Element,
    shown: HashMap<NodeId, (web_sys::HtmlElement, AriaElement)>,
    order: Vec<NodeId>,
}

impl Elements {
    /// Makes the page say what a frame's tree says, touching only what changed.
    fn show(&mut self, update: &TreeUpdate, zoom: f64) -> Result<(), JsValue> {
        let nodes: HashMap<NodeId, &Node> = update.nodes.iter().map(|(id, node)| (*id, node)).collect();
        let mut order = Vec::new();
        let mut waiting: Vec<NodeId> = update.tree.iter().map(|tree| tree.root).collect();
        while let Some(id) = waiting.pop() {
            let Some(node) = nodes.get(&id) else { continue };
            waiting.extend(node.children().iter().rev());
            if let Some(element_state) = AriaElement::of(node, &nodes, zoom) {
                self.describe(id, element_state)?;
                order.push(id);
            }
        }
        if order != self.order {
            self.shown.retain(|id, (element, _)| {
                let stays = order.contains(id);
                if !stays {
                    element.remove();
                }
                stays
            });
            for (element, _) in order.iter().filter_map(|id| self.shown.get(id)) {
                self.container.append_child(element)?;
            }
            self.order = order;
        }
        match self.shown.get(&update.focus) {
            Some((element, _)) => self.canvas.set_attribute("aria-activedescendant", &element.id()),
            None => self.canvas.remove_attribute("aria-activedescendant"),
        }
    }

    fn describe(&mut self, id: NodeId, element_state: AriaElement) -> Result<(), JsValue> {
        if let Some((element, before)) = self.shown.get_mut(&id) {
            element_state.write(element, Some(before))?;
            *before = element_state;
        } else {
            let document = self.container.owner_document().ok_or("the mirror is in no document")?;
            let element: web_sys::HtmlElement = document.create_element("div")?.unchecked_into();
            element.set_id(&aria_element::id_of(id));
            element_state.write(&element, None)?;
            self.shown.insert(id, (element, element_state));
        }
        Ok(())
    }
}
