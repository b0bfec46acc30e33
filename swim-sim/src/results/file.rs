//! A result file on disk: its ending says its format, and it is there in whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::csv::{self, CsvError};
use super::parquet::{self, ParquetError};
use super::table::Table;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text that everything reads.
    Csv,
    /// Typed columns, small and quick to load.
    Parquet,
}

/// A file whose ending is not that of a result file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` ends neither in `.csv` nor in `.parquet`; the ending says in which format the rows are", path.display())]
pub struct FormatError {
    path: PathBuf,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Its ending says nothing.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It cannot be opened.
    #[error("{} cannot be read: {error}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no result file in CSV.
    #[error("{}: {error}", path.display())]
    Csv {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: CsvError,
    },
    /// It is no result file in Parquet.
    #[error("{}: {error}", path.display())]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: ParquetError,
    },
}

/// Why a file was not written. An older file of that name is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {error}", path.display())]
pub struct WriteError {
    path: PathBuf,
    error: io::Error,
}

impl Format {
    /// The format that a file has by its ending.
    ///
    /// # Errors
    /// When it ends otherwise.
    pub fn of(path: &Path) -> Result<Self, FormatError> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(FormatError { path: path.into() }),
        }
    }
}

/// The bytes of a file of these rows.
pub fn encode(table: &Table, format: Format) -> Vec<u8> {
    match format {
        Format::Csv => csv::encode(table),
        Format::Parquet => parquet::encode(table),
    }
}

/// Reads a file back.
///
/// # Errors
/// When it cannot be read, or is no result file.
pub fn read(path: &Path) -> Result<Table, ReadError> {
    let format = Format::of(path)?;
    let file = File::open(path).map_err(|error| ReadError::Open { path: path.into(), error })?;
    match format {
        Format::Csv => csv::decode(file).map_err(|error| ReadError::Csv { path: path.into(), error }),
        Format::Parquet => parquet::decode(file).map_err(|error| ReadError::Parquet { path: path.into(), error }),
    }
}

/// Writes a file beside its place and moves it there once all of it is on the disk, so that nobody ever sees half of it.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&beside, path));
    moved.map_err(|error| {
        // What is left of it helps nobody, and may be what fills the disk. That it cannot be removed either is no news.
        let _ = fs::remove_file(&beside);
        WriteError { path: path.into(), error }
    })
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::small;
    use super::*;

    #[test]
    fn the_ending_says_the_format() {
        let of = |path: &str| Format::of(Path::new(path));
        assert_eq!((of("a.csv"), of("b.c/a.parquet")), (Ok(Format::Csv), Ok(Format::Parquet)));
        for other in ["a", "a.txt", "csv", "/dev/full", "a.CSV"] {
            assert!(of(other).unwrap_err().to_string().contains("`.parquet`"), "{other}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_says_so_and_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("swim-sim-file-{}", std::process::id()));
        let path = folder.join("r.csv");
        let bytes = encode(&small(), Format::Csv);
        assert!(write(&path, &bytes).unwrap_err().to_string().contains("r.csv cannot be written"));
        fs::create_dir(&folder).unwrap();
        write(&path, &bytes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
