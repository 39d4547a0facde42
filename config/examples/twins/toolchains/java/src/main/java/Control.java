/** Heats while the room is cold. */
public final class Control {
    static double power(double temperature) {
        return temperature < 293.15 ? 3000 : 0;
    }

    public static void main(String[] arguments) {
        System.out.println("power=" + power(290.0));
    }
}
