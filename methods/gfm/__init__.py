"""GFM, glance and focus matting: classes and opacity from one encoder."""
