//! Result files as CSV: a header, one line for each run, nothing where a value is missing.

use super::layout::{Column, Layout, LayoutError};
use super::table::{RowError, Table};
use super::value::Value;

/// Why a CSV file is no result file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// It is no CSV, or cannot be read.
    #[error(transparent)]
    Csv(#[from] ::csv::Error),
    /// It has other columns.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A line is no row.
    #[error("line {line}: {error}")]
    Row {
        /// Which line; the header is the first.
        line: u64,
        /// What is wrong with it.
        error: RowError,
    },
}

/// The bytes of the file.
pub(super) fn encode(table: &Table) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = table.layout().columns().iter().map(|column| column.name.as_bytes());
    writer.write_record(header).expect("a vector takes all bytes");
    for row in table.rows() {
        let fields = row.iter().map(|value| value.to_string().into_bytes());
        writer.write_record(fields).expect("rows of a table have the length of its header");
    }
    writer.into_inner().expect("a vector takes all bytes")
}

/// Reads a file back. Settings and results come as texts, since CSV has no kinds.
pub(super) fn decode(bytes: impl std::io::Read) -> Result<Table, CsvError> {
    let mut reader = ::csv::Reader::from_reader(bytes);
    let header = reader.headers()?.iter().map(|name| Column::new(name, Layout::kind_of(name)));
    let layout = Layout::of(header.collect())?;
    let mut table = Table::new(layout);
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let columns = table.layout().columns();
        let value = |(column, text): (&Column, &str)| {
            let refused = || RowError::Value { column: column.name.clone(), value: text.into() };
            Value::parse(column.kind, text).ok_or_else(refused)
        };
        let row = columns.iter().zip(&record).map(value).collect::<Result<_, _>>();
        row.and_then(|row| table.push(row)).map_err(|error| CsvError::Row { line, error })?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::small;
    use super::*;

    #[test]
    fn a_table_is_one_line_for_each_run() {
        let text = String::from_utf8(encode(&small())).unwrap();
        assert_eq!(
            text,
            "sweep,run,runs,nodes,seed,healed_after,messages,ended_in,error\n\
             0x1234,0,4,10,1,4.5,0,done,\n\
             0x1234,1,4,10,2,4.833333333333333,1000,done,\n\
             0x1234,2,4,20,1,5.166666666666667,2000,done,\n\
             0x1234,3,4,20,2,,3000,\"heal, late\",\n"
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = encode(&small());
        let read = decode(bytes.as_slice()).unwrap();
        assert_eq!(encode(&read), bytes);
        assert_eq!(read.rows()[1][5].as_number(), small().rows()[1][5].as_number());
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let error = |text: &str| decode(text.as_bytes()).unwrap_err().to_string();
        assert!(error("a,b\n1,2\n").contains("column `sweep`"));
        let header = "sweep,run,runs,seed,error\n";
        assert_eq!(error(&format!("{header}x,0,2,1,\nx,many,2,1,\n")), "line 3: the column `run` does not hold `many`");
        assert!(error(&format!("{header}x,0,2\n")).contains("line: 2"));
    }
}
