model Building "A room that loses heat to the outside"
  parameter Real G(unit = "W/K") = 150 "Conductance of the walls";
  parameter Real C(unit = "J/K") = 5e6 "Heat capacity";
  input Real P(unit = "W") "Heating power";
  input Real T_outside(unit = "K") "Temperature outside";
  output Real T(unit = "K", start = 293.15) "Temperature inside";
equation
  C * der(T) = P - G * (T - T_outside);
end Building;
