"""Column schemas of the tables behind assets, from the tables themselves."""

import dagster as dg
import sqlalchemy as sa


def table_schema(table: sa.Table) -> dg.TableSchema:
    """Describe a SQL table for the Dagster UI."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type),
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable), unique=bool(column.unique) or column.primary_key
                ),
            )
            for column in table.columns
        ]
    )


def schema_metadata(table: sa.Table) -> dict[str, dg.TableSchema]:
    """Return the metadata under which the UI shows a column schema."""
    return {"dagster/column_schema": table_schema(table)}
