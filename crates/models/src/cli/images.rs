//! Images as files, for as long as a program runs.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openclaw_guard::{create_private_dir, random_hex, write_atomic};

use super::prompt::Image;

/// Random bytes in a folder's name: nobody finds it by trying.
const NAME_BYTES: usize = 12;

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
        let path = below.join(format!("openclaw-cli-{name}"));
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
    use super::{Image, PrivateFolder};
    use std::os::unix::fs::PermissionsExt as _;

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
