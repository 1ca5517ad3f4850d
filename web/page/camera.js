// The camera dialog: shows the camera's picture and gives back one frame.

const dialog = document.getElementById('camera');
const view = document.getElementById('camera-view');
const take = document.getElementById('camera-take');
const cancel = document.getElementById('camera-cancel');

/** A frame of the camera as ImageData, or null when the person decides against it. */
export async function takePicture() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error('this browser gives no access to a camera here (the page has to come from https or localhost)');
  }
  const wish = { video: { width: { ideal: 1024 }, height: { ideal: 768 } }, audio: false };
  const stream = await navigator.mediaDevices.getUserMedia(wish).catch((cause) => {
    throw new Error(REASONS[cause.name] ?? cause.message, { cause });
  });
  try {
    view.srcObject = stream;
    dialog.showModal();
    await view.play();
    take.disabled = false;
    return (await decision()) ? frameOf(view) : null;
  } finally {
    take.disabled = true;
    for (const track of stream.getTracks()) track.stop();
    view.srcObject = null;
    if (dialog.open) dialog.close();
  }
}

const REASONS = {
  NotAllowedError: 'its use was not allowed; allow it in the browser’s page settings',
  NotFoundError: 'there is none',
  NotReadableError: 'another program is using it',
};

/** Resolves to whether the picture is wanted. */
function decision() {
  return new Promise((resolve) => {
    take.onclick = () => resolve(true);
    cancel.onclick = () => resolve(false);
    dialog.onclose = () => resolve(false);
    take.focus();
  });
}

function frameOf(video) {
  const context = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext('2d');
  context.drawImage(video, 0, 0);
  return context.getImageData(0, 0, video.videoWidth, video.videoHeight);
}
