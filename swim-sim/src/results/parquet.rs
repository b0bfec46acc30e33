//! Result files as Parquet: a typed column each, one row group for every hundred thousand runs, missing values as nulls.

use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError as Error;
use ::parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::record::Field;
use ::parquet::schema::types::Type;

use super::layout::{Column, Layout, LayoutError};
use super::table::{RowError, Table};
use super::value::{Kind, Value};

/// Why a Parquet file is no result file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// It is no Parquet, or cannot be read.
    #[error(transparent)]
    Parquet(#[from] Error),
    /// It has other columns.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A column that holds neither whole numbers nor numbers nor texts.
    #[error("the column `{name}` holds {kind}; result files hold INT64, DOUBLE and BYTE_ARRAY (UTF8)")]
    Kind {
        /// Which.
        name: String,
        /// What it holds.
        kind: Physical,
    },
    /// A row that is none.
    #[error("row {row}: {error}")]
    Row {
        /// Which; the first is 1.
        row: usize,
        /// What is wrong with it.
        error: RowError,
    },
}

/// The bytes of the file.
pub(super) fn encode(table: &Table) -> Vec<u8> {
    try_encode(table).expect("the schema is made from the rows' own layout, and a vector takes all bytes")
}

fn try_encode(table: &Table) -> Result<Vec<u8>, Error> {
    let columns = table.layout().columns();
    let fields = columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("runs").with_fields(fields).build()?;
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default())?;
    for rows in table.rows().chunks(GROUP) {
        let mut group = file.next_row_group()?;
        for place in 0..columns.len() {
            let mut writer = group.next_column()?.expect("the schema has every column");
            write_column(writer.untyped(), rows.iter().map(|row| &row[place]))?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(bytes)
}

fn field(column: &Column) -> Result<Type, Error> {
    let (physical, logical) = match column.kind {
        Kind::Integer => (Physical::INT64, None),
        Kind::Float => (Physical::DOUBLE, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

/// Present values are written one after another; the definition levels say where one is missing.
fn write_column<'a>(
    writer: &mut ColumnWriter<'_>,
    values: impl Iterator<Item = &'a Value> + Clone,
) -> Result<(), Error> {
    let levels: Vec<i16> = values.clone().map(|value| i16::from(!value.is_missing())).collect();
    let levels = Some(levels.as_slice());
    match writer {
        ColumnWriter::Int64ColumnWriter(writer) => {
            let values: Vec<_> = values.filter_map(Value::as_integer).collect();
            writer.write_batch(&values, levels, None)?;
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            let values: Vec<_> = values.filter_map(Value::as_number).collect();
            writer.write_batch(&values, levels, None)?;
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let text = |value: &Value| (!value.is_missing()).then(|| ByteArray::from(value.to_string().into_bytes()));
            let values: Vec<_> = values.filter_map(text).collect();
            writer.write_batch(&values, levels, None)?;
        }
        _ => unreachable!("`field` makes columns of three types only"),
    }
    Ok(())
}

/// Reads a file back.
pub(super) fn decode(bytes: impl ChunkReader + 'static) -> Result<Table, ParquetError> {
    let reader = SerializedFileReader::new(bytes)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let columns = schema.columns().iter().map(|column| {
        let kind = match column.physical_type() {
            Physical::INT64 => Kind::Integer,
            Physical::DOUBLE => Kind::Float,
            Physical::BYTE_ARRAY => Kind::Text,
            kind => return Err(ParquetError::Kind { name: column.name().into(), kind }),
        };
        Ok(Column::new(column.name(), kind))
    });
    let mut table = Table::new(Layout::of(columns.collect::<Result<_, _>>()?)?);
    for (number, row) in reader.get_row_iter(None)?.enumerate() {
        let row = row?.into_columns().into_iter().map(|(name, field)| value(name, field)).collect::<Result<_, _>>();
        row.and_then(|row| table.push(row)).map_err(|error| ParquetError::Row { row: number + 1, error })?;
    }
    Ok(table)
}

fn value(column: String, field: Field) -> Result<Value, RowError> {
    match field {
        Field::Null => Ok(Value::Missing),
        Field::Long(number) => Ok(Value::Integer(number)),
        Field::Double(number) => Ok(Value::float(number)),
        Field::Str(text) => Ok(Value::text(text)),
        other => Err(RowError::Value { column, value: other.to_string() }),
    }
}

/// The rows of a group. A constant, so that the same runs are the same bytes.
const GROUP: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::super::table::tests::small;
    use super::*;

    #[test]
    fn what_is_written_is_read_back_with_its_kinds() {
        let read = decode(bytes::Bytes::from(encode(&small()))).unwrap();
        assert_eq!(read, small());
    }

    #[test]
    fn a_table_without_rows_keeps_its_columns() {
        let empty = Table::new(small().layout().clone());
        assert_eq!(decode(bytes::Bytes::from(encode(&empty))).unwrap(), empty);
    }

    #[test]
    fn the_same_rows_are_the_same_bytes() {
        assert_eq!(encode(&small()), encode(&small()));
    }

    #[test]
    fn what_is_no_parquet_is_refused() {
        assert!(matches!(decode(bytes::Bytes::from_static(b"sweep,run,runs")), Err(ParquetError::Parquet(_))));
    }
}
