"""What happens to one coupon: pure states and steps of a deletion, a freeze and a restoration."""
