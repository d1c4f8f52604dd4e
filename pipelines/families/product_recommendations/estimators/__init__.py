"""What estimates ratings: damped means, SVD, SVD++, ALS on Spark, and the choice among them."""
