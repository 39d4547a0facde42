"""Exports a twin as a folder of lifecycle scripts that run without TwinHub."""

from twinhub_dtconfig.export.errors import ExportError
from twinhub_dtconfig.export.exporting import ExportReport, export_dtaas
from twinhub_dtconfig.export.left_out import LeftOut

__all__ = ["ExportError", "ExportReport", "LeftOut", "export_dtaas"]
