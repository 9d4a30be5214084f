//! Writes `samples.parquet`: gathers rows of a row group in columns, encodes them, cuts groups on series edges.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use narthex_model::{Result, TimestampMs};
use parquet::data_type::{DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::files::ChecksumFile;
use super::meta::FileMeta;
use super::schema::{self, Layout};
use super::{decimal, parquet_io};
use crate::fs::FileSystem;

/// Rows not yet written. `has_mantissa` and `has_value` are Parquet's definition levels: 1 where the row has one.
#[derive(Default)]
struct Rows {
    series: Vec<i32>,
    timestamps: Vec<i64>,
    mantissas: Vec<i64>,
    has_mantissa: Vec<i16>,
    values: Vec<f64>,
    has_value: Vec<i16>,
}

/// How the values of a series were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// Scale of its mantissas, if it has any.
    pub(super) scale: Option<u8>,
    /// Rows kept as doubles.
    pub(super) double_count: u32,
}

/// The open file.
pub(super) struct SamplesWriter {
    file: SerializedFileWriter<ChecksumFile>,
    path: PathBuf,
    rows: Rows,
    rows_per_group: usize,
}

impl SamplesWriter {
    /// Makes the file at `path`.
    pub(super) fn create(fs: &dyn FileSystem, path: &Path, layout: Layout) -> Result<Self> {
        let properties = Arc::new(schema::samples_properties(layout)?);
        let file = SerializedFileWriter::new(
            ChecksumFile::create(fs, path)?,
            schema::samples_schema()?,
            properties,
        )
        .map_err(|e| parquet_io::write_error(path, e))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            rows: Rows::default(),
            rows_per_group: layout.rows_per_group,
        })
    }

    /// Adds the samples of a series; both columns have the same length.
    pub(super) fn push(
        &mut self,
        ordinal: i32,
        timestamps: &[TimestampMs],
        values: &[f64],
    ) -> Result<Kept> {
        if !self.rows.series.is_empty()
            && self.rows.series.len() + timestamps.len() > self.rows_per_group
        {
            self.flush()?;
        }
        Ok(self.rows.push(ordinal, timestamps, values))
    }

    /// Writes the rest, closes the file and makes it durable.
    pub(super) fn finish(mut self) -> Result<FileMeta> {
        self.flush()?;
        parquet_io::finish(self.file, &self.path)
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.series.is_empty() {
            return Ok(());
        }
        let group = self.file.next_row_group();
        let written = group.and_then(|group| self.rows.write(group));
        self.rows.clear();
        written.map_err(|e| parquet_io::write_error(&self.path, e))
    }
}

impl Rows {
    fn push(&mut self, ordinal: i32, timestamps: &[TimestampMs], values: &[f64]) -> Kept {
        let rows = self.series.len() + timestamps.len();
        self.series.resize(rows, ordinal);
        self.timestamps.extend_from_slice(timestamps);
        let doubles_before = self.values.len();
        let scale = decimal::choose_scale(values);
        match scale {
            None => self.values.extend_from_slice(values),
            Some(scale) => self.push_decimals(values, scale),
        }
        let double_count = self.values.len() - doubles_before;
        let mixed = double_count != 0 && scale.is_some();
        if !mixed {
            let decimal = i16::from(scale.is_some());
            self.has_mantissa.resize(rows, decimal);
            self.has_value.resize(rows, 1 - decimal);
        }
        Kept {
            scale,
            double_count: double_count as u32,
        }
    }

    /// Leaves the levels alone as long as every value is a decimal: the caller fills them in at once.
    fn push_decimals(&mut self, values: &[f64], scale: u8) {
        let start = self.mantissas.len();
        self.mantissas
            .extend(values.iter().map_while(|v| decimal::mantissa_at(*v, scale)));
        let decimals = self.mantissas.len() - start;
        let Some(rest) = values.get(decimals..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        self.has_mantissa
            .resize(self.has_mantissa.len() + decimals, 1);
        self.has_value.resize(self.has_value.len() + decimals, 0);
        for v in rest {
            let mantissa = decimal::mantissa_at(*v, scale);
            self.has_mantissa.push(i16::from(mantissa.is_some()));
            self.has_value.push(i16::from(mantissa.is_none()));
            match mantissa {
                Some(m) => self.mantissas.push(m),
                None => self.values.push(*v),
            }
        }
    }

    fn write(
        &self,
        mut group: SerializedRowGroupWriter<'_, ChecksumFile>,
    ) -> Result<(), ParquetError> {
        write_column::<Int32Type>(&mut group, &self.series, None)?;
        write_column::<Int64Type>(&mut group, &self.timestamps, None)?;
        write_column::<Int64Type>(&mut group, &self.mantissas, Some(&self.has_mantissa))?;
        write_column::<DoubleType>(&mut group, &self.values, Some(&self.has_value))?;
        group.close().map(|_| ())
    }

    fn clear(&mut self) {
        let Self {
            series,
            timestamps,
            mantissas,
            has_mantissa,
            values,
            has_value,
        } = self;
        series.clear();
        timestamps.clear();
        mantissas.clear();
        has_mantissa.clear();
        values.clear();
        has_value.clear();
    }
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, ChecksumFile>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "the schema has fewer columns than the rows".to_owned(),
        ));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
