"""Pictures of public bodies: one pure function per chart, the API's body in, SVG text out."""

from services.gateway.site.charts.funnel import funnel_svg
from services.gateway.site.charts.ratios import ratios_svg

__all__ = ["funnel_svg", "ratios_svg"]
