//! Folders of a test's own, gone when it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new, empty folder that is removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes it below the system's folder for temporary files.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// Makes it in memory where the system has a tmpfs for that, else as [`Self::new`].
    ///
    /// # Panics
    /// When it can't be made.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            Self::below(memory)
        } else {
            Self::new()
        }
    }

    fn below(parent: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("transom-test-{}-{count}", std::process::id()));
        // What a killed run of the same process id left behind is nobody's any more.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("temporary folders can be made");
        Self { path }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside it, made or not.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder inside it, made now.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(&path).expect("a folder in a scratch folder can be made");
        path
    }

    /// A file inside it with this content, folders made as needed.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder in a scratch folder can be made");
        }
        fs::write(&path, content).expect("a file in a scratch folder can be written");
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
