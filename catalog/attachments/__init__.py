"""What deliveries carry beside pictures: drawings, 3D models, certificates and other documents."""
