//! Images as files, for as long as a program runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openclaw_guard::{create_private_dir, is_own, random_hex, write_atomic};

use super::prompt::Image;

/// How such a folder's name begins.
pub(crate) const FOLDER_PREFIX: &str = "openclaw-cli-";
/// Random bytes in a folder's name: nobody finds it by trying.
const NAME_BYTES: usize = 12;
/// Longer than any program runs: a folder that is older belongs to nobody.
const ABANDONED: Duration = Duration::from_secs(2 * 60 * 60);

/// A folder that only this user can look into, and that goes with this value.
pub(crate) struct PrivateFolder {
    path: PathBuf,
    images: Vec<PathBuf>,
}

impl PrivateFolder {
    /// Makes one below a folder for temporary files. Blocks.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(crate) fn with(images: &[Image], below: &Path) -> std::io::Result<Self> {
        let name = random_hex(NAME_BYTES).map_err(std::io::Error::other)?;
        let path = below.join(format!("{FOLDER_PREFIX}{name}"));
        create_private_dir(&path).map_err(std::io::Error::other)?;
        let mut folder = Self { path, images: Vec::new() };
        for (at, image) in images.iter().enumerate() {
            let bytes = STANDARD.decode(&image.base64).map_err(std::io::Error::other)?;
            let file = folder.path.join(format!("image-{}.{}", at + 1, extension(&image.mime)));
            write_atomic(&file, &bytes).map_err(std::io::Error::other)?;
            folder.images.push(file);
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The files, in the order of the images.
    pub(crate) fn images(&self) -> &[PathBuf] {
        &self.images
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "a folder of a program's images is left behind");
        }
    }
}

/// Removes this user's folders in which no program can be at work any more.
pub(crate) fn sweep(below: &Path, now: SystemTime) {
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(FOLDER_PREFIX));
        let is_ours = random.is_some_and(|random| {
            random.len() == 2 * NAME_BYTES && random.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        // A link is not followed, neither here nor below.
        let Some(meta) = entry.metadata().ok().filter(|meta| is_ours && meta.is_dir() && is_own(meta)) else {
            continue;
        };
        let age = meta.modified().ok().and_then(|written| now.duration_since(written).ok());
        if age.is_some_and(|age| age > ABANDONED)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "an old folder of a program's images stays");
        }
    }
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::{ABANDONED, Image, PrivateFolder, create_private_dir, sweep};
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, SystemTime};

    #[test]
    fn what_a_crash_has_left_goes() {
        let place = tempfile::tempdir().unwrap();
        let image = Image { base64: "aGVsbG8=".into(), mime: "image/png".into() };
        let left = PrivateFolder::with(&[image], place.path()).unwrap();
        let path = left.path().to_owned();
        std::mem::forget(left);
        for other in ["openclaw-cli-mine", "openclaw-1000"] {
            create_private_dir(&place.path().join(other)).unwrap();
        }
        let now = SystemTime::now();
        sweep(place.path(), now);
        assert!(path.exists(), "somebody may be at work in it");
        sweep(place.path(), now + ABANDONED + Duration::from_secs(60));
        assert!(!path.exists());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "nothing else is touched");
    }

    #[test]
    fn only_this_user_can_read_them_and_they_go() {
        let place = tempfile::tempdir().unwrap();
        let image = |mime: &str| Image { base64: "aGVsbG8=".into(), mime: mime.into() };
        let folder = PrivateFolder::with(&[image("image/png"), image("image/jpeg")], place.path()).unwrap();
        let names: Vec<_> =
            folder.images().iter().map(|it| it.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["image-1.png", "image-2.jpg"]);
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&folder.images()[0])), (0o700, 0o600));
        assert_eq!(std::fs::read(&folder.images()[1]).unwrap(), b"hello");
        drop(folder);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        let broken = Image { base64: "%%".into(), mime: "image/png".into() };
        assert!(PrivateFolder::with(&[broken], place.path()).is_err());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "nor is half of them left");
    }
}
