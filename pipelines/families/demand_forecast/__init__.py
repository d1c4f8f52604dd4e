"""Demand forecasts: a product's daily sales in, its next weeks day by day out."""
