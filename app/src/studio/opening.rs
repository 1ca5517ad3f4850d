//! What the window does itself: files that are picked, dropped, read and saved, the camera, the samples.

use std::future::Future;

use super::{
    app::Studio,
    files::{self, PathPrompt, Picked, PickedFile, Purpose, Saved, Wanted},
    message::AppMessage,
    models::{ModelSource, ModelsMessage, Slot},
    notice::Notice,
    open_file::{self, Content, Guess, Kind},
    sample_pictures::SamplePicture,
    selection::{Input, OpenPicture},
    task::Work,
};

impl Studio {
    /// Does what a message of the window itself says.
    pub(super) fn update(&mut self, message: AppMessage) {
        match message {
            AppMessage::Nothing
            | AppMessage::Picked(_, Ok(Picked::Nothing))
            | AppMessage::Saved(Ok(Saved::Nothing)) => {}
            AppMessage::Picked(purpose, Ok(Picked::File(file))) => self.open_picked(purpose, file),
            AppMessage::Picked(purpose, Ok(Picked::NoDialog)) => {
                self.prompt = Some(PathPrompt::new(Wanted::Open(purpose)));
            }
            AppMessage::Saved(Ok(Saved::As(name))) => {
                self.services.shared.notices.push(Notice::info("Saved", format!("as {name}")));
            }
            AppMessage::Saved(Ok(Saved::NoDialog(file))) => {
                self.prompt = Some(PathPrompt::new(Wanted::Save(file)));
            }
            AppMessage::Read(read) => self.open_content(read),
            AppMessage::Samples(samples) => self.take_samples(samples),
            AppMessage::Picked(_, Err(notice)) | AppMessage::Saved(Err(notice)) => {
                self.services.shared.notices.push(notice);
            }
        }
    }

    /// The samples were read: the first one is at hand unless somebody was faster.
    fn take_samples(&mut self, samples: Vec<SamplePicture>) {
        let shared = &mut self.services.shared;
        if let Some(first) = samples.first().filter(|_| shared.selection.input().is_none()) {
            let picture = OpenPicture::new(&first.name, first.picture.clone());
            shared.selection.take(Input::Picture(picture));
        }
        shared.sample_pictures = samples;
    }

    /// Shows a dialog that chooses a file.
    pub(super) fn pick(&mut self, purpose: Purpose) {
        let pick = move |_job| async move { AppMessage::Picked(purpose, files::pick(purpose).await) };
        self.own_tasks().start_quietly(pick);
    }

    /// Takes a picture with the camera of the browser.
    pub(super) fn open_camera(&mut self) {
        #[cfg(target_arch = "wasm32")]
        self.own_tasks().start_quietly(|_job| async {
            match crate::web::camera::take_picture().await {
                Ok(Some(picture)) => {
                    AppMessage::Read(Ok(Content::Item(open_file::item_of("camera", picture))))
                }
                Ok(None) => AppMessage::Nothing,
                Err(error) => AppMessage::Read(Err(Notice::error("No picture was taken", error))),
            }
        });
    }

    fn read<F: Future<Output = Result<Content, Notice>> + 'static>(&mut self, read: impl Work<F>) {
        self.own_tasks().start_quietly(|job| async { AppMessage::Read(read(job).await) });
    }

    /// Opens a file that was picked.
    pub(super) fn open_picked(&mut self, purpose: Purpose, file: PickedFile) {
        match purpose {
            Purpose::Picture => self.read(|_job| open_file::read_picture(file)),
            Purpose::Tokens => self.read(|_job| open_file::read_tokens(file)),
            Purpose::Model => self.update_models(ModelsMessage::Open(ModelSource::File(file))),
        }
    }

    /// Opens a file that was dropped on the window.
    pub(super) fn open_dropped(&mut self, file: PickedFile) {
        match open_file::guess(&file.name(), file.len(), file.is_folder()) {
            Guess::TokensOrModel => self.read(|_job| open_file::read_tokens_or_model(file)),
            Guess::PictureOrRecipe => self.read(|_job| open_file::read_picture_or_recipe(file)),
            Guess::Model => {
                self.go_to_tokenizer();
                self.update_models(ModelsMessage::Choose(Slot::First));
                self.update_models(ModelsMessage::Open(ModelSource::File(file)));
            }
        }
    }

    /// Opens what a file turned out to be.
    pub(super) fn open_content(&mut self, read: Result<Content, Notice>) {
        match read {
            Ok(Content::Item(item)) => {
                self.panes.open(item, &mut self.services);
            }
            Ok(Content::Model(file)) => {
                self.go_to_tokenizer();
                self.update_models(ModelsMessage::OpenAtOnce(ModelSource::File(file)));
            }
            Err(notice) => self.services.shared.notices.push(notice),
        }
    }

    /// Shows the pane that works with a tokenizer.
    fn go_to_tokenizer(&mut self) {
        if let Some(pane) = self.panes.accepting(Kind::Tokenizer) {
            self.panes.go(pane, &mut self.services);
        }
    }
}
